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
