import Chunking
import FileSystem
import Foundation
import Repository
import Snapshots
import TestSupport
import Testing

@Suite struct BackupTests {
    @Test func filesComeBackByteForByte() throws {
        let fixture = try BackupFixture()
        var random = SeededGenerator(seed: 11)
        let sizes = [0, 1, 4095, 262_144, 262_145, 3_000_000, 9_000_001]
        var contents: [String: [UInt8]] = [:]
        for (index, size) in sizes.enumerated() {
            contents["dir\(index % 3)/file\(index)"] = random.bytes(size)
        }
        for (name, bytes) in contents { try fixture.write(name, bytes) }
        let summary = try fixture.backUp()
        #expect(summary.statistics.failures == 0)
        #expect(summary.statistics.filesNew == UInt64(sizes.count))
        let entries = try fixture.entries(of: summary.snapshot)
        for (name, bytes) in contents {
            let entry = try #require(entries[name])
            #expect(entry.size == UInt64(bytes.count))
            #expect(try fixture.content(of: entry) == bytes)
        }
    }

    @Test func anUnchangedRunReadsAndStoresNothing() throws {
        let fixture = try BackupFixture()
        var random = SeededGenerator(seed: 12)
        for index in 0..<300 { try fixture.write("d\(index % 7)/f\(index)", random.bytes(index * 37)) }
        try fixture.write("large", random.bytes(5_000_000))
        try FileManager.default.linkItem(atPath: fixture.source + "/large", toPath: fixture.source + "/linked")
        fixture.settle()
        let first = try fixture.backUp()
        let packs = try fixture.objects("packs/")
        let second = try fixture.backUp()
        #expect(second.statistics.bytesRead == 0)
        #expect(second.statistics.bytesStored == 0)
        #expect(second.statistics.filesUnmodified == 302)
        #expect(try fixture.objects("packs/") == packs)
        #expect(try fixture.entries(of: first.snapshot) == fixture.entries(of: second.snapshot))
    }

    @Test func onlyAChangedFileIsReadAgain() throws {
        let fixture = try BackupFixture()
        var random = SeededGenerator(seed: 13)
        for index in 0..<50 { try fixture.write("f\(index)", random.bytes(20_000)) }
        fixture.settle()
        try fixture.backUp()
        try fixture.write("f7", random.bytes(20_001))
        fixture.settle()
        let observer = RecordingObserver()
        let second = try fixture.backUp(observer: observer)
        #expect(second.statistics.bytesRead == 20_001)
        #expect(second.statistics.filesChanged == 1)
        #expect(observer.told.items[fixture.source + "/f7"] == .changed)
        #expect(observer.told.items[fixture.source + "/f8"] == .unmodified)
    }

    @Test func aChangeThatKeepsSizeAndModificationTimeIsSeen() throws {
        let fixture = try BackupFixture()
        try fixture.write("f", Array("first".utf8))
        let old = Date(timeIntervalSince1970: 1_000_000)
        let path = fixture.source + "/f"
        try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: path)
        fixture.settle()
        try fixture.backUp()
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.write(contentsOf: Array("other".utf8))
        try handle.close()
        try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: path)
        fixture.settle()
        try fixture.backUp()
        let entry = try #require(try fixture.entries(of: nil)["f"])
        #expect(try fixture.content(of: entry) == Array("other".utf8))
    }

    @Test func aFileThatWillNotKeepStillIsSavedAndReported() throws {
        let fixture = try BackupFixture()
        try fixture.write("log", [UInt8](repeating: 1, count: 200_000))
        let path = fixture.source + "/log"
        let stop = CancelFlag()
        let writer = Thread {
            guard let handle = FileHandle(forUpdatingAtPath: path) else { return }
            while !stop.isSet {
                handle.seekToEndOfFile()
                handle.write(Data([2]))
            }
        }
        writer.start()
        // The writer must get its turn between two looks at the file; on a busy machine that takes a few backups.
        var observer = RecordingObserver()
        var summary = try fixture.backUp(observer: observer)
        for _ in 0..<200 where observer.told.changed.isEmpty {
            observer = RecordingObserver()
            summary = try fixture.backUp(observer: observer) { $0.rereadsAll = true }
        }
        stop.isSet = true
        let entry = try #require(try fixture.entries(of: summary.snapshot)["log"])
        #expect(entry.flags.contains(.changedWhileRead))
        let content = try fixture.content(of: entry)
        #expect(content.count == Int(entry.size))
        #expect(content.prefix(200_000).allSatisfy { $0 == 1 })
        // It is not recognised as unchanged later.
        Thread.sleep(forTimeInterval: 0.1)
        #expect(try fixture.backUp().statistics.bytesRead > 200_000)
    }

    @Test func holesAreKept() throws {
        let fixture = try BackupFixture()
        let path = fixture.source + "/sparse"
        let file = try Directory.open(path: Array(fixture.source.utf8)).createFile(Array("sparse".utf8))
        try file.truncate(to: 50 << 20)
        try unsafe file.write([UInt8](repeating: 7, count: 100_000).span.bytes, at: 20 << 20)
        let summary = try fixture.backUp()
        #expect(summary.statistics.bytesRead < 1 << 20)
        let entry = try #require(try fixture.entries(of: summary.snapshot)["sparse"])
        #expect(entry.size == 50 << 20)
        #expect(entry.sparseHash != nil && entry.contentHash == nil)
        #expect(try fixture.content(of: entry) == Array(Data(contentsOf: URL(fileURLWithPath: path))))
    }

    @Test func attributesTooLargeForAPageAreStoredApart() throws {
        let fixture = try BackupFixture()
        try fixture.write("f", [1])
        let directory = try Directory.open(path: Array(fixture.source.utf8))
        let file = try directory.openFile(Array("f".utf8), for: .reading)
        for index in 0..<7 {
            try file.setExtendedAttribute(
                FileSystem.ExtendedAttribute(
                    name: Array("user.large\(index)".utf8),
                    value: [UInt8](repeating: UInt8(index), count: 400)
                )
            )
        }
        let summary = try fixture.backUp()
        let entry = try #require(try fixture.entries(of: summary.snapshot)["f"])
        guard case .inline(let list) = entry.attributes else {
            Issue.record("small attributes belong in the page")
            return
        }
        #expect(list.count == 7)
    }

    @Test func aBundleOfSmallFilesStaysTheSameWhenAFileIsAdded() throws {
        let fixture = try BackupFixture()
        var random = SeededGenerator(seed: 14)
        for index in 0..<2000 { try fixture.write("d\(index / 100)/f\(index)", random.bytes(8_000)) }
        let first = try fixture.backUp()
        #expect(first.statistics.bytesStored > 15_000_000)
        // Without the file cache everything is read anew; nearly nothing is stored. How many bundles one name changes
        // depends on the paths, so on the temporary directory's: two or three of fifteen in the mean of several names.
        var stored: UInt64 = 0
        for number in 0..<4 {
            try fixture.write("d\(4 * number + 2)/added", random.bytes(8_000))
            let next = try fixture.backUp { $0.rereadsAll = true }
            #expect(next.statistics.bytesRead == first.statistics.bytesRead + UInt64(number + 1) * 8_000)
            stored += next.statistics.bytesStored
        }
        #expect(stored < 4 * 5_000_000)
    }

    @Test func aDryRunStoresNothing() throws {
        let fixture = try BackupFixture()
        try fixture.write("f", [UInt8](repeating: 3, count: 500_000))
        let before = try fixture.objects("")
        let summary = try fixture.backUp { $0.isDryRun = true }
        #expect(summary.snapshot == nil)
        #expect(summary.statistics.bytesAdded > 0)
        #expect(try fixture.objects("") == before)
    }

    @Test func nothingIsCommittedIfNothingHasChanged() throws {
        let fixture = try BackupFixture()
        try fixture.write("f", [1, 2, 3])
        fixture.settle()
        try fixture.backUp()
        let again = try fixture.backUp { $0.skipsIfUnchanged = true }
        #expect(again.isSkipped && again.snapshot == nil)
        #expect(try fixture.objects("commits/").count == 1)
        try fixture.write("f", [4])
        #expect(try fixture.backUp { $0.skipsIfUnchanged = true }.snapshot != nil)
    }

    @Test(arguments: ["fast", "prf", "fixed"])
    func everyChunkerRoundTrips(kind: String) throws {
        let fixture = try BackupFixture()
        var random = SeededGenerator(seed: 15)
        let bytes = random.bytes(2_500_000)
        try fixture.write("f", bytes)
        let parameters =
            switch kind {
            case "fast": try ChunkerParameters(kind: .fast, minimum: 16384, average: 32768, maximum: 131_072)
            case "prf": try ChunkerParameters(kind: .prf, minimum: 16384, average: 32768, maximum: 131_072)
            default: try ChunkerParameters(kind: .fixed, minimum: 8192, average: 8192, maximum: 8192)
            }
        let summary = try fixture.backUp { $0.chunker = parameters }
        let entry = try #require(try fixture.entries(of: summary.snapshot)["f"])
        if kind == "fixed" {
            guard case .tree = entry.content else {
                Issue.record("306 chunks are a tree")
                return
            }
        }
        #expect(try fixture.content(of: entry) == bytes)
        fixture.settle()
        let second = try fixture.backUp { $0.chunker = parameters }
        #expect(second.statistics.bytesRead == 0 && second.statistics.bytesStored == 0)
    }

    @Test(arguments: ["zlib", "zlib:1", "zstd:-5", "zstd:9", "off", "max"])
    func everyCompressionRoundTrips(setting: String) throws {
        let fixture = try BackupFixture()
        let text = Array(String(repeating: "customer,profile,opinion\n", count: 20_000).utf8)
        try fixture.write("f", text)
        let summary = try fixture.backUp { $0.compression = (try? CompressionSetting(parsing: setting)) ?? .standard }
        let entry = try #require(try fixture.entries(of: summary.snapshot)["f"])
        #expect(try fixture.content(of: entry) == text)
        #expect((summary.statistics.bytesStored > 490_000) == (setting == "off"))
    }
}
