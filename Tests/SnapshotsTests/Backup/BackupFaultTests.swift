import Cryptography
import FileSystem
import Foundation
import ObjectStorage
import Records
import Repository
import Snapshots
import TestSupport
import Testing

@Suite struct BackupFaultTests {
    private func manyFiles(_ fixture: BackupFixture, seed: UInt64 = 21) throws {
        var random = SeededGenerator(seed: seed)
        for index in 0..<40 { try fixture.write("d\(index % 5)/f\(index)", random.bytes(1_000_000)) }
    }

    @Test func aPackThatIsLostIsStoredAgainByTheNextBackup() throws {
        let fixture = try BackupFixture()
        var random = SeededGenerator(seed: 22)
        let bytes = random.bytes(3_000_000)
        try fixture.write("f", bytes)
        fixture.settle()
        try fixture.backUp()
        for pack in try fixture.objects("packs/") { try fixture.store.remove(ObjectName(pack)) }
        let observer = RecordingObserver()
        let summary = try fixture.backUp(observer: observer)
        #expect(summary.statistics.bytesStored > 3_000_000)
        let entry = try #require(try fixture.entries(of: summary.snapshot)["f"])
        #expect(try fixture.content(of: entry) == bytes)
    }

    @Test func aTruncatedPackCountsAsLost() throws {
        let fixture = try BackupFixture()
        try fixture.write("f", SeededBytes.make(23, 3_000_000))
        fixture.settle()
        try fixture.backUp()
        for pack in try fixture.objects("packs/") {
            let path = fixture.place.path("repository/" + pack)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try handle.truncate(atOffset: 1000)
            try handle.close()
        }
        // The name is taken by the damaged pack, so the new one must have another: its salt sees to that.
        let summary = try fixture.backUp()
        #expect(summary.statistics.bytesStored > 3_000_000)
        let entry = try #require(try fixture.entries(of: summary.snapshot)["f"])
        #expect(try fixture.content(of: entry).count == 3_000_000)
    }

    @Test(arguments: 1...14)
    func aStoreThatFailsOnceEndsTheRunAndHarmsNothing(occurrence: Int) throws {
        let fixture = try BackupFixture()
        try fixture.write("first", SeededBytes.make(24, 100_000))
        let before = try fixture.backUp()
        try manyFiles(fixture)
        let noSpace = StorageError(.noSpace, "no space left on the store")
        for operation in [FaultyStore.Operation.create, .append, .begin] {
            let faulty = FaultyStore(fixture.store, rules: [.init(operation, occurrence: occurrence, .fail(noSpace))])
            do {
                let summary = try fixture.backUp(store: faulty)
                // A fault beyond what the run does, or in what may fail (the lease's end), leaves a whole snapshot.
                #expect(summary.snapshot != nil)
            } catch {
                #expect("\(error)".contains("no space"))
            }
            let list = try SnapshotList.load(try fixture.open())
            #expect(list.problems.isEmpty)
            #expect(list.snapshots.contains { $0.id == before.snapshot })
        }
        let after = try fixture.backUp()
        #expect(after.statistics.failures == 0)
        for (name, entry) in try fixture.entries(of: after.snapshot) where entry.kind == .regular {
            let disk = Array(try Data(contentsOf: URL(fileURLWithPath: fixture.source + "/" + name)))
            #expect(try fixture.content(of: entry) == disk)
        }
    }

    @Test func anInterruptedRunIsUsedByTheNext() throws {
        let fixture = try BackupFixture()
        try manyFiles(fixture)
        let flag = fixture.flag
        let seen = Counter()
        let observer = RecordingObserver(onItem: { _ in if seen.next() == 20 { flag.isSet = true } })
        #expect(throws: RepositoryError.self) { try fixture.backUp(observer: observer) }
        flag.isSet = false
        #expect(try fixture.objects("commits/").isEmpty)
        #expect(try !fixture.objects("packs/").isEmpty)
        #expect(try !fixture.objects("packlists/").isEmpty)
        let rerun = try fixture.backUp()
        #expect(rerun.statistics.bytesStored < 35_000_000)
        #expect(rerun.statistics.filesNew == 40)
    }

    @Test func oneRunOfADatasetAtATime() throws {
        let fixture = try BackupFixture()
        try fixture.write("f", [1])
        let flag = CancelFlag()
        let started = CancelFlag()
        let observer = RecordingObserver(onItem: { _ in
            started.isSet = true
            while !flag.isSet { Thread.sleep(forTimeInterval: 0.01) }
        })
        let first = Thread { _ = try? fixture.backUp(observer: observer) }
        first.start()
        while !started.isSet { Thread.sleep(forTimeInterval: 0.01) }
        let error = #expect(throws: RepositoryError.self) { try fixture.backUp() }
        #expect(error?.code == .busy)
        // Another dataset is another matter.
        #expect(try fixture.backUp { $0.dataset = "other" }.snapshot != nil)
        flag.isSet = true
        while !first.isFinished { Thread.sleep(forTimeInterval: 0.01) }
        #expect(try fixture.objects("commits/").count == 2)
    }

    @Test func aProducerThatFailsCommitsNothing() throws {
        struct ProducerFailed: Error {}
        let fixture = try BackupFixture()
        for fails in [true, false] {
            let pipe = Pipe()
            let writer = Thread {
                pipe.fileHandleForWriting.write(Data(repeating: 5, count: 300_000))
                try? pipe.fileHandleForWriting.close()
            }
            writer.start()
            let descriptor = dup(pipe.fileHandleForReading.fileDescriptor)
            let back: () throws -> BackupSummary = {
                try fixture.backUp {
                    $0.source = .stream(
                        name: Array("dump.sql".utf8),
                        descriptor: descriptor,
                        finish: { if fails { throw ProducerFailed() } }
                    )
                }
            }
            if fails {
                #expect(throws: ProducerFailed.self) { try back() }
                #expect(try fixture.objects("commits/").isEmpty)
            } else {
                #expect(try back().statistics.bytesRead == 300_000)
            }
        }
    }

    @Test func row13AFileReplacedBetweenListingAndReadingIsNotFollowed() throws {
        let fixture = try BackupFixture()
        try fixture.write("outside", Array("private".utf8))
        // A link, a directory and a pipe take the place of files all the time while backups run.
        try fixture.write("dir/f", SeededBytes.make(25, 5_000))
        let path = fixture.source + "/dir/f"
        let stop = CancelFlag()
        let flipper = Thread {
            let files = FileManager.default
            while !stop.isSet {
                try? files.removeItem(atPath: path)
                try? files.createSymbolicLink(atPath: path, withDestinationPath: "../outside")
                try? files.removeItem(atPath: path)
                try? files.createDirectory(atPath: path, withIntermediateDirectories: false)
                try? files.removeItem(atPath: path)
                unsafe mkfifo(path, 0o600)
                try? files.removeItem(atPath: path)
                _ = files.createFile(atPath: path, contents: Data(repeating: 9, count: 5_000))
            }
        }
        flipper.start()
        for _ in 0..<60 {
            let summary = try fixture.backUp()
            if let entry = try fixture.entries(of: summary.snapshot)["dir/f"], entry.kind == .regular {
                #expect(try fixture.content(of: entry) != Array("private".utf8))
            }
        }
        stop.isSet = true
        while !flipper.isFinished { Thread.sleep(forTimeInterval: 0.01) }
    }

    @Test func aHostWithoutItsStateStartsANewChain() throws {
        let fixture = try BackupFixture()
        try fixture.write("f", [1])
        try fixture.backUp()
        try fixture.backUp()
        var forgetful = fixture.environment
        forgetful.state = try fixture.place.directory.openOrMakeDirectory(Array("state2".utf8)).directory
        try fixture.backUp(environment: forgetful)
        let log = try CommitLog.load(try fixture.open())
        #expect(log.problems.isEmpty)
        #expect(Set(log.commits.map(\.commit.incarnation)).count == 2)
        #expect(log.commits.map(\.commit.number).sorted() == [1, 1, 2])
    }
}

/// Seeded bytes without a generator at hand.
enum SeededBytes {
    static func make(_ seed: UInt64, _ count: Int) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        return random.bytes(count)
    }
}

/// Counts calls from any thread.
final class Counter: Sendable {
    private let lock = NSLock()
    nonisolated(unsafe) private var value = 0

    func next() -> Int {
        lock.lock()
        defer { lock.unlock() }
        unsafe value += 1
        return unsafe value
    }
}
