import FileSystem
import Foundation
import Repository
import Snapshots
import TestSupport
import Testing

@Suite struct BackupSelectionTests {
    @Test func ignoreFilesCountFromTheirDirectoryOn() throws {
        let fixture = try BackupFixture()
        for name in ["a.log", "keep.log", "sub/b.log", "sub/c.txt", "other/d.tmp", "other/deep/e.tmp"] {
            try fixture.write(name, [1])
        }
        try fixture.write(".holdfastignore", Array("*.log\n!keep.log\n".utf8))
        try fixture.write("other/.holdfastignore", Array("/deep/\n".utf8))
        try fixture.backUp()
        let names = Set(try fixture.entries(of: nil).keys)
        #expect(
            names == [
                ".holdfastignore", "keep.log", "sub", "sub/c.txt", "other", "other/.holdfastignore", "other/d.tmp",
            ]
        )
    }

    @Test func cachesAndMarkedDirectoriesAreLeftOutButForTheMarker() throws {
        let fixture = try BackupFixture()
        try fixture.write("cache/CACHEDIR.TAG", Array("Signature: 8a477f597d28d172789f06886806bc55\n".utf8))
        try fixture.write("cache/data", [1])
        try fixture.write("false/CACHEDIR.TAG", Array("no signature".utf8))
        try fixture.write("false/data", [1])
        try fixture.write("marked/.nobackup", [])
        try fixture.write("marked/data", [1])
        try fixture.backUp {
            $0.selection.excludesCaches = true
            $0.selection.markerFiles = [(Array(".nobackup".utf8), nil)]
        }
        let names = Set(try fixture.entries(of: nil).keys)
        #expect(
            names == [
                "cache", "cache/CACHEDIR.TAG", "false", "false/CACHEDIR.TAG", "false/data", "marked",
                "marked/.nobackup",
            ]
        )
    }

    @Test func largeFilesAndExcludedPathsAreLeftOut() throws {
        let fixture = try BackupFixture()
        try fixture.write("small", [UInt8](repeating: 1, count: 1000))
        try fixture.write("large", [UInt8](repeating: 1, count: 1001))
        try fixture.write("secret/f", [1])
        let excluded = Array((fixture.source + "/secret").utf8)
        try fixture.backUp {
            $0.selection.largestFile = 1000
            $0.selection.excludes = { path, isDirectory in path == excluded && isDirectory }
        }
        #expect(Set(try fixture.entries(of: nil).keys) == ["small"])
    }

    @Test(.enabled(if: SmallFileSystem.isPossible))
    func otherFileSystemsAreLeftOutOnRequest() throws {
        let fixture = try BackupFixture()
        try fixture.write("f", [1])
        let other = try SmallFileSystem(kibibytes: 512)
        _ = try other.directory.createFile(Array("inside".utf8))
        let request: (inout BackupRequest) -> Void = {
            $0.source = .files([Array(other.path.utf8), Array(fixture.source.utf8)])
        }
        // Each root counts for itself: a root that is a mount is walked.
        let whole = try fixture.backUp {
            request(&$0)
            $0.selection.oneFileSystem = true
        }
        #expect(whole.statistics.filesNew == 2)
        let parent = (other.path as NSString).deletingLastPathComponent
        let name = (other.path as NSString).lastPathComponent
        let rest = try fixture.backUp {
            $0.source = .files([Array(parent.utf8)])
            $0.selection.oneFileSystem = true
            $0.selection.excludes = { path, _ in
                let text = String(decoding: path, as: UTF8.self)
                return !text.hasPrefix(parent + "/" + name)
            }
        }
        #expect(rest.statistics.filesNew + rest.statistics.filesUnmodified == 0)
    }

    @Test(.enabled(if: SmallFileSystem.isPossible))
    func aMountNamedBelowAnotherRootIsWalked() throws {
        let fixture = try BackupFixture()
        let other = try SmallFileSystem(kibibytes: 512)
        _ = try other.directory.createFile(Array("inside".utf8))
        let parent = (other.path as NSString).deletingLastPathComponent
        let summary = try fixture.backUp {
            $0.source = .files([Array(parent.utf8), Array(other.path.utf8)])
            $0.selection.oneFileSystem = true
            $0.selection.excludes = { path, _ in
                !String(decoding: path, as: UTF8.self).hasPrefix(other.path)
            }
        }
        #expect(summary.statistics.filesNew == 1)
    }

    @Test func fileSystemsThatHoldNoDataAreLeftOut() throws {
        let fixture = try BackupFixture()
        let observer = RecordingObserver()
        // The root directory, of which only /proc is looked at.
        let onlyProc: @Sendable ([UInt8], Bool) -> Bool = { path, _ in
            !String(decoding: path, as: UTF8.self).hasPrefix("/proc")
        }
        let summary = try fixture.backUp(observer: observer) {
            $0.source = .files([Array("/".utf8)])
            $0.selection.excludes = onlyProc
        }
        #expect(summary.statistics.entries == 1)
        #expect(observer.told.leftOut == ["/proc proc"])
        // What is named below is saved all the same, and nothing else of it.
        let named = try fixture.backUp {
            $0.source = .files([Array("/".utf8), Array("/proc/self/status".utf8), Array("/proc/version".utf8)])
            $0.selection.excludes = onlyProc
        }
        #expect(named.statistics.filesNew + named.statistics.filesChanged == 2)
    }

    @Test func filesOfTheKernelAreReadThoughTheirSizeIsZero() throws {
        let fixture = try BackupFixture()
        let summary = try fixture.backUp { $0.source = .files([Array("/proc/version".utf8)]) }
        let version = try Data(contentsOf: URL(fileURLWithPath: "/proc/version"))
        #expect(summary.statistics.contentBytes == UInt64(version.count))
        #expect(summary.statistics.failures == 0)
        let again = try fixture.backUp { $0.source = .files([Array("/proc/version".utf8)]) }
        #expect(again.statistics.bytesRead == UInt64(version.count))
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/kcore")))
    func aFileWithoutEndIsReportedAndNotRead() throws {
        let fixture = try BackupFixture()
        let observer = RecordingObserver()
        let summary = try fixture.backUp(observer: observer) { $0.source = .files([Array("/proc/kcore".utf8)]) }
        #expect(summary.statistics.failures == 1)
        #expect(summary.statistics.bytesRead == 0)
    }

    @Test func aDirectoryIsLeftOutUnderWhateverPath() throws {
        let fixture = try BackupFixture()
        try fixture.write("real/inner/f", [1])
        try fixture.write("real/g", [2])
        try FileManager.default.createSymbolicLink(
            atPath: fixture.source + "/link",
            withDestinationPath: fixture.source + "/real"
        )
        let inner = try Directory.open(path: Array((fixture.source + "/real/inner").utf8)).status().identity
        // A root below a link: the path of what is left out differs from its own.
        let summary = try fixture.backUp {
            $0.source = .files([Array((fixture.source + "/link/g").utf8), Array((fixture.source + "/real").utf8)])
            $0.selection.excludedDirectories = [inner]
        }
        #expect(Set(try fixture.entries(of: summary.snapshot).keys) == ["link", "link/g", "real", "real/g"])
    }

    @Test func directoriesAreCountedByWhatIsInThem() throws {
        let fixture = try BackupFixture()
        for name in ["a/x/f", "a/y/g", "b/h"] { try fixture.write(name, [1]) }
        fixture.settle()
        let above = UInt64(fixture.source.split(separator: "/").count)
        let first = try fixture.backUp()
        #expect(first.tally.directoriesNew == above + 4)
        #expect(first.tally.dataChunks == 1)
        // Where a page ends depends on the paths, so on the temporary directory's.
        let pages = try CheckFixture.check(try fixture.open()).summary.pages
        #expect(first.tally.metadataChunks == UInt64(pages))
        let same = try fixture.backUp()
        #expect(same.tally.directoriesUnmodified == above + 4)
        #expect(same.tally.dataChunks == 0)
        // The content of a file changes, and one is deleted: both show in all directories above.
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: fixture.source + "/a/x/f"))
        try handle.write(contentsOf: Data([1, 2]))
        try handle.close()
        try fixture.write("b/new/f", [3])
        let changed = try fixture.backUp()
        #expect(changed.tally.directoriesNew == 1)
        #expect(changed.tally.directoriesChanged == above + 3)
        #expect(changed.tally.directoriesUnmodified == 1)
        #expect(changed.statistics.directories == above + 5)
    }

    @Test func theParentIsFoundByWhatIsAskedFor() throws {
        let fixture = try BackupFixture()
        try fixture.write("f", [1])
        fixture.settle()
        let tagged = try fixture.backUp {
            $0.dataset = "one"
            $0.tags = ["x", "y"]
        }
        let other = try fixture.backUp { $0.dataset = "two" }
        func parent(_ grouping: ParentGrouping?, _ change: (inout BackupRequest) -> Void = { _ in }) throws
            -> BackupSummary
        {
            try fixture.backUp {
                $0.dataset = "three"
                $0.parentGrouping = grouping
                $0.isDryRun = true
                change(&$0)
            }
        }
        #expect(try parent(nil).parent == nil)
        let byPaths = try parent([.host, .paths])
        #expect(byPaths.parent == other.snapshot)
        // The cache of the parent's dataset says that the file has not changed.
        #expect(byPaths.statistics.filesUnmodified == 1)
        #expect(try parent(.tags) { $0.tags = ["y", "x"] }.parent == tagged.snapshot)
        #expect(try parent([.host]) { $0.host = "elsewhere" }.parent == nil)
        #expect(try parent([]).parent == other.snapshot)
        #expect(try parent([.paths]) { $0.source = .files([Array((fixture.source + "/f").utf8)]) }.parent == nil)
        #expect(try parent([.dataset]) { $0.dataset = "one" }.parent == tagged.snapshot)
    }

    @Test func severalRootsAndTheirParentsStandInOrder() throws {
        let fixture = try BackupFixture()
        try fixture.write("b/x", [1])
        try fixture.write("a.txt", [2])
        try fixture.write("a/y", [3])
        try fixture.write("left/out", [4])
        let roots = ["b", "a.txt", "a", "a/y"].map { Array((fixture.source + "/" + $0).utf8) }
        let summary = try fixture.backUp { $0.source = .files(roots) }
        let entries = try fixture.entries(of: summary.snapshot)
        #expect(Set(entries.keys) == ["a", "a/y", "a.txt", "b", "b/x"])
        #expect(summary.statistics.failures == 0)
    }

    @Test func aMissingRootIsReportedAndTheRestSaved() throws {
        let fixture = try BackupFixture()
        try fixture.write("f", [1])
        let observer = RecordingObserver()
        let missing = fixture.source + "/nowhere"
        let summary = try fixture.backUp(observer: observer) {
            $0.source = .files([Array((fixture.source + "/f").utf8), Array(missing.utf8)])
        }
        #expect(summary.statistics.failures == 1)
        #expect(observer.told.failures.map(\.path) == [missing])
        #expect(Set(try fixture.entries(of: nil).keys) == ["f"])
    }

    @Test(arguments: [
        ("/a/./b//c/", "/a/b/c"), ("x/../y", "/here/y"), ("../../..", "/"), (".", "/here"), ("/", "/"),
    ])
    func pathsBecomeAbsolute(path: String, expected: String) {
        let result = RootPaths.absolute(Array(path.utf8), workingDirectory: Array("/here".utf8))
        #expect(String(decoding: result, as: UTF8.self) == expected)
    }
}
