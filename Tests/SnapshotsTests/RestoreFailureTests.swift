import Cryptography
import FileSystem
import Foundation
import ObjectStorage
import Records
import Repository
import Snapshots
import Synchronization
import TestSupport
import Testing

@Suite struct RestoreFailureTests {
    /// Flips a bit in the middle of the largest pack: of data, unless there is little of it.
    private func damageLargestPack(_ fixture: RestoreFixture, at share: Double = 0.5) throws {
        var largest: (path: String, count: UInt64) = ("", 0)
        try fixture.backup.store.list(prefix: "packs/") { name, count in
            if count > largest.count { largest = (name.path, count) }
        }
        let path = fixture.backup.place.path("repository") + "/" + largest.path
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        data[Int(Double(data.count) * share)] ^= 1
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.write(contentsOf: data)
        try file.close()
    }

    @Test func aDamagedChunkCostsTheFilesThatNeedItAndNoOthers() throws {
        let fixture = try RestoreFixture()
        var random = SeededGenerator(seed: 3)
        for index in 0..<10 { try fixture.backup.write("file-\(index)", random.mebibytes(2)) }
        try fixture.backup.write("large", random.mebibytes(20))
        let expected = try listTree(fixture.backup.source)
        try fixture.backup.backUp()
        try damageLargestPack(fixture)
        let recorder = RestoreRecorder()
        let summary = try fixture.restore(observer: recorder)
        #expect(summary.failures == 1 && summary.integrityFailures == 1)
        let failed = try #require(recorder.told.failures.keys.first)
        let restored = try listTree(fixture.target)
        #expect(Set(expected.keys).subtracting(restored.keys) == [failed])
        #expect(differences(expected, restored).count == 1)
    }

    @Test func anExistingFileSurvivesWhenItsSuccessorIsDamaged() throws {
        let fixture = try RestoreFixture()
        var random = SeededGenerator(seed: 4)
        try fixture.backup.write("file", random.mebibytes(3))
        try fixture.backup.backUp()
        try damageLargestPack(fixture)
        let target = try Directory.openOrMake(path: Array(fixture.target.utf8))
        try target.createFile(bytes("file")).write(bytes("still here"))
        #expect(try fixture.restore().failures == 1)
        #expect(try target.readFile(bytes("file"), limit: 100) == bytes("still here"))
    }

    @Test func anEntryWhoseHashIsWrongIsNotRestored() throws {
        let fixture = try RestoreFixture()
        let page = try fixture.storing { sink in
            let id = try sink.store(bytes("some content"), type: .data)
            let builder = try ManifestBuilder(sink: sink)
            for name in ["a", "b"] {
                var entry = Entry(path: bytes(name), kind: .regular)
                entry.size = 12
                entry.content = .inline([.chunk(id, offset: 0, length: 12)])
                entry.contentHash =
                    name == "b" ? try unsafe SHA256.hash(bytes("some content").span.bytes) : .numbered(1)
                try builder.add(entry)
            }
            return try builder.finish()
        }
        let recorder = RestoreRecorder()
        let summary = try fixture.restore(page: .init(chunk: page.id, level: 0), observer: recorder) { $0.root = [] }
        #expect(summary.integrityFailures == 1)
        #expect(recorder.told.failures.keys.sorted() == ["a"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.target) == ["b"])
    }

    /// An extent that reaches beyond its chunk, a chunk that does not exist, a list that is too short.
    @Test func contentThatCannotBeIsReported() throws {
        let fixture = try RestoreFixture()
        let page = try fixture.storing { sink in
            let id = try sink.store(bytes("some content"), type: .data)
            let builder = try ManifestBuilder(sink: sink)
            for (name, chunk) in [("beyond", id), ("missing", Digest.numbered(5))] {
                var entry = Entry(path: bytes(name), kind: .regular)
                entry.size = 12
                entry.content = .inline([.chunk(chunk, offset: name == "beyond" ? 1 : 0, length: 12)])
                entry.contentHash = .numbered(1)
                try builder.add(entry)
            }
            return try builder.finish()
        }
        let recorder = RestoreRecorder()
        let summary = try fixture.restore(page: .init(chunk: page.id, level: 0), observer: recorder) { $0.root = [] }
        #expect(summary.integrityFailures == 2)
        #expect(recorder.told.failures.keys.sorted() == ["beyond", "missing"])
    }

    /// A manifest page that is gone costs what it lists, and nothing before or after it.
    @Test func whatStandsAroundADamagedPageIsRestored() throws {
        let fixture = try RestoreFixture()
        let page = try fixture.storing { sink in
            let first = try sink.store(
                ForgedPage.leaf([
                    ForgedPage.Item(path: bytes("a"), kind: 5), ForgedPage.Item(path: bytes("b"), kind: 5),
                ]),
                type: .manifestPage
            )
            let last = try sink.store(
                ForgedPage.leaf([
                    ForgedPage.Item(path: bytes("d/x"), kind: 5),
                    ForgedPage.Item(path: bytes("d"), kind: 2, fields: ForgedPage.endFields(entries: 1)),
                    ForgedPage.Item(path: bytes("e"), kind: 5),
                ]),
                type: .manifestPage
            )
            let children = [
                ForgedPage.Child(path: bytes("a"), kind: 5, id: first, entries: 2),
                ForgedPage.Child(path: bytes("c"), kind: 5, id: .numbered(6), entries: 7),
                ForgedPage.Child(path: bytes("d/x"), kind: 5, id: last, entries: 2),
            ]
            return PageReference(
                chunk: try sink.store(ForgedPage.inner(children, level: 1), type: .manifestPage),
                level: 1
            )
        }
        let target = try Directory.openOrMake(path: Array(fixture.target.utf8))
        // Of these only the last can be known not to be in the snapshot.
        for name in ["cc", "d", "dd"] { _ = try target.createFile(bytes(name + ".old")) }
        let recorder = RestoreRecorder()
        let summary = try fixture.restore(page: page, observer: recorder) {
            $0.root = []
            $0.deletesExtra = true
        }
        #expect(summary.integrityFailures == 1 && summary.failures == 1 && summary.lostEntries == 7)
        #expect(recorder.told.failures.keys.sorted() == ["c"])
        #expect(recorder.told.failures["c"]?.contains("7 entries") == true)
        let names = try FileManager.default.contentsOfDirectory(atPath: fixture.target).sorted()
        #expect(names == ["a", "b", "cc.old", "d", "d.old", "dd.old", "e"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.target + "/d") == ["x"])
    }

    @Test func verificationFindsWhatChangedAfterwards() throws {
        let fixture = try RestoreFixture()
        try fixture.backup.write("a", bytes("right"))
        try fixture.backup.write("b", bytes("right"))
        try fixture.backup.backUp()
        try fixture.restore()
        let before = try fixture.restored.status(bytes("a"))
        let file = try fixture.restored.openFile(bytes("a"), for: .writing)
        try file.write(bytes("wrong"), at: 0)
        try file.setTimes(modified: before.modified)
        let recorder = RestoreRecorder()
        let summary = try fixture.restore(observer: recorder) {
            $0.overwrite = .ifChanged
            $0.verifiesAfter = true
        }
        #expect(summary.failures == 1)
        #expect(recorder.told.failures.keys.sorted() == ["a"])
        #expect(summary.verified == 2)
    }

    @Test func pathsThatTheSnapshotDoesNotHoldAreFailures() throws {
        let fixture = try RestoreFixture()
        try fixture.backup.write("[abc].txt", [1])
        try fixture.backup.write("a", [1])
        try fixture.backup.write("folder/b", [1])
        try fixture.backup.backUp()
        let recorder = RestoreRecorder()
        let root = fixture.root
        let summary = try fixture.restore(observer: recorder) {
            let names = ["/[abc].txt", "/folder/b", "/folder/b/c", "/*"]
            $0.selection = try .paths(names.map { root + bytes($0) })
        }
        #expect(summary.files == 2)
        #expect(summary.failures == 2)
        #expect(Set(recorder.told.items.keys) == ["[abc].txt", "folder", "folder/b"])
        #expect(throws: RepositoryError.self) { try RestoreSelection.paths([bytes("../x")]) }
        #expect(throws: RepositoryError.self) { try RestoreSelection.paths([bytes("/")]) }
    }

    @Test func directoriesOfAPatternAreMadeOnlyWhereSomethingIsInThem() throws {
        let fixture = try RestoreFixture()
        for path in ["a/b/one.txt", "a/c/two.dat", "d/three.dat"] { try fixture.backup.write(path, [1]) }
        try fixture.backup.backUp()
        try fixture.restore {
            $0.selection = .deciding { path, isDirectory in
                isDirectory ? .pass : path.suffix(4).elementsEqual(".txt".utf8) ? .take : .skip
            }
        }
        #expect(try listTree(fixture.target).keys.sorted() == [".", "a", "a/b", "a/b/one.txt"])
    }

    @Test func stoppingLeavesOnlyWholeFiles() throws {
        let fixture = try RestoreFixture()
        var random = SeededGenerator(seed: 8)
        for index in 0..<3000 { try fixture.backup.write("d\(index % 7)/f\(index)", random.bytes(1000)) }
        try fixture.backup.backUp()
        let expected = try listTree(fixture.backup.source)
        let asked = Atomic<Int>(0)
        var environment = fixture.backup.environment
        environment.isCancelled = { asked.add(1, ordering: .relaxed).newValue > 4000 }
        let repository = try fixture.backup.open(environment: environment)
        var options = RestoreOptions()
        options.root = fixture.root
        let restore = Restore(
            repository: repository,
            index: try repository.loadIndex(),
            root: try SnapshotList.load(repository).resolve("latest").commit.root,
            options: options,
            observer: RestoreRecorder()
        )
        let target = Array(fixture.target.utf8)
        do {
            _ = try restore.run(to: target)
            Issue.record("the restore was not stopped")
        } catch let error as RepositoryError {
            #expect(error.code == .cancelled)
        }
        let files = try listTree(fixture.target).filter { $0.value.hasPrefix("regular") }
        #expect(files.allSatisfy { expected[$0.key] == $0.value })
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.target).allSatisfy { !$0.hasPrefix(".") })
        // Run again, it does the rest.
        try fixture.restore()
        #expect(differences(expected, try listTree(fixture.target)).isEmpty)
    }

    @Test func leftoversOfEndedProcessesAreRemovedAndOthersStay() throws {
        let fixture = try RestoreFixture()
        try fixture.backup.write("a", [1])
        try fixture.backup.backUp()
        let target = try Directory.openOrMake(path: Array(fixture.target.utf8))
        let own = ProcessIdentity.current
        let ended = ProcessIdentity(
            boot: own.boot,
            namespace: own.namespace,
            process: own.process,
            start: own.start + 1
        )
        let parent = try #require(ProcessIdentity.running(getppid(), like: own))
        let digits = String(repeating: "a", count: 32)
        func make(_ identity: ProcessIdentity, locked: Bool) throws -> (String, FileLock?) {
            let name = ".holdfast-restore-\(identity)-\(digits)"
            let area = try target.openOrMakeDirectory(bytes(name)).directory
            try area.openOrMakeDirectory(bytes("0")).directory.createFile(bytes("1")).write([1])
            return (name, locked ? try FileLock.acquire(in: area, bytes("lock")) : nil)
        }
        let stale = try make(ended, locked: false)
        let alive = try make(parent, locked: false)
        let held = try make(own, locked: true)
        let foreign = ".holdfast-restore-something-of-the-users"
        try target.makeDirectory(bytes(foreign))
        try fixture.restore { $0.deletesExtra = true }
        let names = try FileManager.default.contentsOfDirectory(atPath: fixture.target)
        #expect(Set(names) == ["a", alive.0, held.0, foreign])
        #expect(!names.contains(stale.0))
        _ = held.1
    }

    @Test(.enabled(if: SmallFileSystem.isPossible)) func aFullDiskEndsTheRestore() throws {
        let fixture = try RestoreFixture()
        var random = SeededGenerator(seed: 9)
        for index in 0..<8 { try fixture.backup.write("f\(index)", random.mebibytes(1)) }
        try fixture.backup.backUp()
        let disk = try SmallFileSystem(kibibytes: 4096)
        #expect {
            try fixture.restore(to: disk.path)
        } throws: { error in
            (error as? SystemError)?.isNoSpace == true
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).allSatisfy { $0.hasPrefix("f") })
    }

    @Test(.enabled(if: SmallFileSystem.isPossible)) func aMountBelowTheTargetIsRestoredTo() throws {
        let fixture = try RestoreFixture()
        try fixture.backup.write("disk/a", bytes("over there"))
        try fixture.backup.write("disk/inner/b", bytes("over there"))
        try fixture.backup.write("c", [1])
        try fixture.backup.backUp()
        let expected = try listTree(fixture.backup.source)
        let disk = try SmallFileSystem(kibibytes: 1024)
        let target = try Directory.openOrMake(path: Array(fixture.target.utf8))
        try target.makeDirectory(bytes("disk"))
        try run("/bin/mount", ["--bind", disk.path, fixture.target + "/disk"])
        defer { try? run("/bin/umount", [fixture.target + "/disk"]) }
        #expect(try fixture.restore { $0.deletesExtra = true }.failures == 0)
        let restored = try listTree(fixture.target)
        #expect(differences(expected, restored).isEmpty)
        #expect(try disk.directory.readFile(bytes("a"), limit: 100) == bytes("over there"))
    }

    /// What is mounted on a name that is to be deleted stays, and is reported.
    @Test(.enabled(if: SmallFileSystem.isPossible)) func deletingDoesNotEnterOtherMounts() throws {
        let fixture = try RestoreFixture()
        try fixture.backup.write("a", [1])
        try fixture.backup.backUp()
        let disk = try SmallFileSystem(kibibytes: 1024)
        try disk.directory.createFile(bytes("precious")).write([1])
        let target = try Directory.openOrMake(path: Array(fixture.target.utf8))
        try target.openOrMakeDirectory(bytes("extra")).directory.makeDirectory(bytes("disk"))
        try run("/bin/mount", ["--bind", disk.path, fixture.target + "/extra/disk"])
        defer { try? run("/bin/umount", [fixture.target + "/extra/disk"]) }
        #expect(try fixture.restore { $0.deletesExtra = true }.failures == 1)
        #expect(try disk.directory.readFile(bytes("precious"), limit: 10) == [1])
    }
}

extension ProcessIdentity {
    /// The identity of another process that runs, read from /proc.
    static func running(_ process: Int32, like own: ProcessIdentity) -> ProcessIdentity? {
        guard let line = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let bracket = line.lastIndex(of: ")")
        else { return nil }
        let fields = line[bracket...].split(separator: " ")
        guard fields.count > 20, let start = UInt64(fields[20]) else { return nil }
        return ProcessIdentity(boot: own.boot, namespace: own.namespace, process: process, start: start)
    }
}
