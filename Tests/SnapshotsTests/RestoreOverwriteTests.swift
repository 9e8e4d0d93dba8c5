import FileSystem
import Foundation
import Repository
import Snapshots
import TestSupport
import Testing

@Suite struct RestoreOverwriteTests {
    private let old = Timestamp(seconds: 1_000_000, nanoseconds: 5)
    private let older = Timestamp(seconds: 900_000)
    private let newer = Timestamp(seconds: 1_100_000)

    /// A snapshot of files that all have the content "saved" and one time, and a target in which each differs another way.
    private func prepare() throws -> RestoreFixture {
        let fixture = try RestoreFixture()
        for name in ["equal", "touched", "same-size", "longer", "older", "newer", "absent"] {
            try fixture.backup.write(name, bytes("saved"))
            // Whatever the umask is at the moment: tests that change it run at the same time.
            try fixture.source.setPermissions(bytes(name), 0o644)
            try fixture.source.setTimes(bytes(name), modified: old)
        }
        try fixture.backup.backUp()
        let target = try Directory.openOrMake(path: Array(fixture.target.utf8))
        func put(_ name: String, _ content: String, _ time: Timestamp) throws {
            let file = try target.createFile(bytes(name), permissions: 0o644)
            try file.write(bytes(content))
            try file.setPermissions(0o644)
            try file.setTimes(modified: time)
        }
        try put("equal", "saved", old)
        try put("touched", "saved", newer)
        try put("same-size", "SAVED", old)
        try put("longer", "saved and more", old)
        try put("older", "other", older)
        try put("newer", "other", newer)
        return fixture
    }

    private func content(_ fixture: RestoreFixture, _ name: String) throws -> String {
        text(try fixture.restored.readFile(bytes(name), limit: 100))
    }

    @Test(arguments: [
        (OverwriteRule.always, "equal touched same-size longer older newer absent"),
        (.ifChanged, "equal touched longer older newer absent"),
        (.ifNewer, "equal touched older absent"),
        (.never, "equal touched absent"),
    ])
    func eachRuleReplacesWhatItSays(rule: OverwriteRule, right: String) throws {
        let fixture = try prepare()
        let summary = try fixture.restore {
            $0.overwrite = rule
            $0.verifiesAfter = true
        }
        // Verification finds what was trusted and should not have been.
        #expect(summary.failures == (rule == .ifChanged ? 1 : 0))
        for name in ["equal", "touched", "same-size", "longer", "older", "newer", "absent"] {
            #expect(
                try (content(fixture, name) == "saved") == right.split(separator: " ").contains { $0 == name },
                "\(name)"
            )
        }
        let touched = try fixture.restored.status(bytes("touched")).modified
        #expect(touched == (rule == .always || rule == .ifChanged ? old : newer))
    }

    @Test func whatIsRightAlreadyIsNotWrittenAgain() throws {
        let fixture = try prepare()
        let before = try fixture.restored.status(bytes("equal"))
        let recorder = RestoreRecorder()
        let summary = try fixture.restore(observer: recorder)
        #expect(try fixture.restored.status(bytes("equal")) == before)
        #expect(recorder.told.items["equal"] == .unchanged)
        #expect(recorder.told.items["touched"] == .updated)
        #expect(recorder.told.items["longer"] == .replaced)
        #expect(recorder.told.items["absent"] == .created)
        #expect(summary.unchanged == 2 && summary.files == 5)
    }

    @Test func aDryRunTellsTheSameAndChangesNothing() throws {
        let fixture = try prepare()
        try fixture.restored.createFile(bytes("extra")).write([1])
        let before = try listTree(fixture.target)
        let recorder = RestoreRecorder()
        try fixture.restore(observer: recorder) {
            $0.isDryRun = true
            $0.deletesExtra = true
        }
        #expect(differences(before, try listTree(fixture.target)).isEmpty)
        let real = RestoreRecorder()
        try fixture.restore(observer: real) { $0.deletesExtra = true }
        #expect(recorder.told.items == real.told.items)
        #expect(recorder.told.deleted == real.told.deleted && real.told.deleted == ["extra"])
    }

    @Test func aDryRunNeedsNoTarget() throws {
        let fixture = try RestoreFixture()
        try fixture.backup.write("d/a", [1])
        try fixture.backup.backUp()
        let recorder = RestoreRecorder()
        try fixture.restore(observer: recorder) { $0.isDryRun = true }
        #expect(recorder.told.items == ["d": .created, "d/a": .created])
        #expect(!FileManager.default.fileExists(atPath: fixture.target))
    }

    /// The parts of a large file that have not changed are not fetched: all packs of data may be gone but the new ones.
    @Test func aChangedLargeFileKeepsItsUnchangedChunks() throws {
        let fixture = try RestoreFixture()
        var random = SeededGenerator(seed: 77)
        let content = random.mebibytes(20)
        try fixture.backup.write("large", content)
        try fixture.backup.backUp()
        try fixture.restore()
        var changed = content
        changed.replaceSubrange((10 << 20)..<((10 << 20) + 100), with: [UInt8](repeating: 0, count: 100))
        changed += [1, 2, 3]
        let file = try fixture.restored.openFile(bytes("large"), for: .writing)
        try file.write(changed, at: 0)
        let recorder = RestoreRecorder()
        let store = CountingStore(fixture.backup.store)
        try fixture.restore(store: store, observer: recorder)
        #expect(recorder.told.items["large"] == .replaced)
        #expect(try fixture.restored.readFile(bytes("large"), limit: 64 << 20) == content)
        #expect(store.bytesRead < 8 << 20)
    }

    @Test func somethingElseInTheWayIsReplacedOrReported() throws {
        let fixture = try RestoreFixture()
        try fixture.backup.write("directory/inner", bytes("saved"))
        try fixture.backup.write("file", bytes("saved"))
        try fixture.backup.write("full", bytes("saved"))
        try fixture.backup.backUp()
        let target = try Directory.openOrMake(path: Array(fixture.target.utf8))
        try target.createFile(bytes("directory")).write([1])
        try target.makeDirectory(bytes("file"))
        try target.makeDirectory(bytes("full"))
        try target.openDirectory(bytes("full")).createFile(bytes("precious")).write([1])
        let never = RestoreRecorder()
        try fixture.restore(observer: never) { $0.overwrite = .never }
        #expect(never.told.failures.keys.sorted() == ["directory"])
        let recorder = RestoreRecorder()
        let summary = try fixture.restore(observer: recorder)
        #expect(recorder.told.failures.keys.sorted() == ["full"])
        #expect(summary.failures == 1)
        #expect(try content(fixture, "file") == "saved")
        #expect(try target.openDirectory(bytes("directory")).readFile(bytes("inner"), limit: 9) == bytes("saved"))
        #expect(try fixture.restore { $0.deletesExtra = true }.failures == 0)
        #expect(try content(fixture, "full") == "saved")
    }

    @Test func linkedNamesAreLinkedAgainAfterOneWasReplaced() throws {
        let fixture = try RestoreFixture()
        try fixture.backup.write("a", bytes("one inode"))
        for name in ["b", "c"] { try fixture.source.link(bytes("a"), to: fixture.source, as: bytes(name)) }
        try fixture.backup.backUp()
        try fixture.restore()
        let target = try fixture.restored
        try target.unlink(bytes("b"))
        try target.createFile(bytes("b")).write(bytes("something else"))
        #expect(try fixture.restore().failures == 0)
        let identities = try Set(["a", "b", "c"].map { try target.status(bytes($0)).identity })
        #expect(identities.count == 1)
        #expect(try content(fixture, "b") == "one inode")
    }

    @Test func deletingStaysBelowWhatIsTaken() throws {
        let fixture = try RestoreFixture()
        try fixture.backup.write("taken/keep", [1])
        try fixture.backup.write("other/keep", [1])
        try fixture.backup.backUp()
        for path in ["taken/extra/deep/file", "other/extra", "extra"] {
            let url = URL(fileURLWithPath: fixture.target + "/" + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data([1]).write(to: url)
        }
        let recorder = RestoreRecorder()
        let taken = fixture.root + bytes("/taken")
        try fixture.restore(observer: recorder) {
            $0.deletesExtra = true
            $0.selection = try .paths([taken])
        }
        #expect(recorder.told.deleted == ["taken/extra"])
        #expect(FileManager.default.fileExists(atPath: fixture.target + "/other/extra"))
        #expect(FileManager.default.fileExists(atPath: fixture.target + "/extra"))
        #expect(FileManager.default.fileExists(atPath: fixture.target + "/taken/keep"))
        #expect(!FileManager.default.fileExists(atPath: fixture.target + "/other/keep"))
    }

    /// A parent of a saved path is not itself saved: what else it holds is none of the restore's business.
    @Test func parentsOfSavedPathsAreLeftAlone() throws {
        let fixture = try RestoreFixture()
        try fixture.backup.write("a", [1])
        try fixture.backup.backUp()
        let target = try Directory.openOrMake(path: Array(fixture.target.utf8))
        let parent = try target.openOrMakeDirectory(Array(fixture.root.prefix { $0 != 0x2F })).directory
        try parent.createFile(bytes("precious")).write([1])
        try parent.descriptor.setPermissions(0o711)
        try fixture.restore {
            $0.root = []
            $0.deletesExtra = true
        }
        #expect(try parent.readFile(bytes("precious"), limit: 9) == [1])
        #expect(try parent.status().permissions == 0o711)
        #expect(try target.openDirectory(beneath: fixture.root).readFile(bytes("a"), limit: 9) == [1])
    }
}
