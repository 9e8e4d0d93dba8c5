import FileSystem
import Foundation
import Records
import Repository
import Snapshots
import TestSupport
import Testing

@Suite struct ReadingTests {
    /// An archive of a walk over the newest snapshot's source.
    private func archive(_ fixture: RestoreFixture) throws -> (bytes: [UInt8], skipped: [String]) {
        let repository = try fixture.backup.open()
        let index = try repository.loadIndex()
        let pages = try RepositoryChunkSource(repository: repository, index: index)
        let root = try SnapshotList.load(repository).resolve("latest").commit.root
        var output: [UInt8] = []
        var skipped: [String] = []
        let writer = TarWriter(
            content: try ContentReader(repository: repository, index: index, pages: pages),
            pages: pages
        ) { bytes in
            unsafe bytes.withUnsafeBytes { unsafe output.append(contentsOf: $0) }
        } skipped: { path, _ in
            skipped.append(text(path))
        } failed: { path, _ in
            skipped.append(text(path))
        }
        let cursor = try ManifestCursor(page: root, digest: nil, source: pages)
        try writer.write(try EntryWalk(cursor, root: fixture.root))
        return (output, skipped)
    }

    @Test(.enabled(if: isRoot)) func anArchiveUnpacksToTheSameTree() throws {
        let fixture = try RestoreFixture()
        var random = SeededGenerator(seed: 17)
        for size in [0, 1, 511, 512, 513, 700_000] { try fixture.backup.write("files/\(size)", random.bytes(size)) }
        let source = try fixture.source
        let long = [UInt8](repeating: 0x6C, count: 200)
        let inner = try source.openOrMakeDirectory(long).directory
        try inner.createFile(long).write(bytes("long name"))
        // Just within and just beyond what a header without extension holds.
        for count in [98, 99, 100, 101] { try source.createFile([UInt8](repeating: 0x6E, count: count)).write([1]) }
        try source.createFile([0xFF, 0xE4, 0x0A]).write(bytes("no UTF-8"))
        try source.makeSymbolicLink(bytes("short-link"), target: bytes("files/1"))
        try source.makeSymbolicLink(bytes("long-link"), target: [UInt8](repeating: 0x74, count: 300))
        try source.makeNode(bytes("fifo"), kind: .fifo, permissions: 0o640)
        try source.makeNode(bytes("device"), kind: .characterDevice, permissions: 0o600, deviceMajor: 1, deviceMinor: 3)
        try source.link(bytes("short-link"), to: source, as: bytes("same-link"))
        let owned = try source.createFile(bytes("owned"))
        try owned.write(bytes("one inode"))
        try owned.setOwner(userID: 4_000_000_000, groupID: 3_000_000)
        try owned.setPermissions(0o6751)
        try owned.setExtendedAttribute(ExtendedAttribute(name: bytes("user.a=b%c"), value: [0, 10, 61, 255]))
        try owned.setTimes(modified: Timestamp(seconds: -2, nanoseconds: 500_000_000))
        try source.link(bytes("owned"), to: source, as: bytes("also-owned"))
        try fixture.backup.backUp()
        let expected = try listTree(fixture.backup.source)

        let (output, skipped) = try archive(fixture)
        #expect(skipped.isEmpty)
        #expect(output.count % 512 == 0)
        try Data(output).write(to: URL(fileURLWithPath: fixture.backup.place.path("archive.tar")))
        let unpacked = fixture.backup.place.path("unpacked")
        try FileManager.default.createDirectory(atPath: unpacked, withIntermediateDirectories: false)
        try run(
            "/bin/tar",
            [
                "--extract", "--file", fixture.backup.place.path("archive.tar"), "--directory", unpacked, "--xattrs",
                "--xattrs-include=*", "--preserve-permissions", "--same-owner", "--numeric-owner",
                "--delay-directory-restore",
            ]
        )
        #expect(differences(expected, try listTree(unpacked)).isEmpty)
    }

    @Test func anArchiveHoldsHolesAsZerosAndNoSockets() throws {
        let fixture = try RestoreFixture()
        let file = try fixture.source.createFile(bytes("sparse"))
        try file.write([7], at: 300_000)
        try file.truncate(to: 400_001)
        try fixture.source.makeNode(bytes("socket"), kind: .socket, permissions: 0o600)
        try fixture.backup.backUp()
        let (output, skipped) = try archive(fixture)
        #expect(skipped == ["socket"])
        try Data(output).write(to: URL(fileURLWithPath: fixture.backup.place.path("archive.tar")))
        let unpacked = fixture.backup.place.path("unpacked")
        try FileManager.default.createDirectory(atPath: unpacked, withIntermediateDirectories: false)
        try run("/bin/tar", ["-xf", fixture.backup.place.path("archive.tar"), "-C", unpacked])
        let content = try Data(contentsOf: URL(fileURLWithPath: unpacked + "/sparse"))
        #expect(content.count == 400_001)
        #expect(content.enumerated().allSatisfy { $0.element == ($0.offset == 300_000 ? 7 : 0) })
    }

    @Test func aLiveDirectoryIsComparedInEachAspect() throws {
        let fixture = try RestoreFixture()
        for name in ["same", "content", "longer", "time", "gone", "kind", "d/inner"] {
            try fixture.backup.write(name, bytes("saved"))
        }
        try fixture.backup.backUp()
        try fixture.restore()
        #expect(try fixture.differences().isEmpty)
        let live = try fixture.restored
        let time = try live.status(bytes("content")).modified
        let file = try live.openFile(bytes("content"), for: .writing)
        try file.write(bytes("SAVED"), at: 0)
        try file.setTimes(modified: time)
        try live.openFile(bytes("longer"), for: .writing).truncate(to: 9)
        try live.setTimes(bytes("time"), modified: Timestamp(seconds: 1))
        try live.unlink(bytes("gone"))
        try live.unlink(bytes("kind"))
        try live.makeDirectory(bytes("kind"))
        try live.openDirectory(bytes("d")).makeDirectory(bytes("extra"))
        let both = ChangedAspects([.content, .metadata]).rawValue
        let found = Set(try fixture.differences())
        let expected: Set<String> = [
            "changed \(ChangedAspects.content.rawValue) content", "changed \(both) longer",
            "changed \(ChangedAspects.metadata.rawValue) time", "missing gone", "changed 1 kind", "extra d/extra",
            "changed \(ChangedAspects.metadata.rawValue) d", "changed \(ChangedAspects.metadata.rawValue) ",
        ]
        #expect(found == expected)
        // Without reading, the change that kept size and time stays unseen; without extras, so do they.
        let superficial = Set(try fixture.differences(scope: []))
        #expect(
            expected.subtracting(superficial) == [
                "changed \(ChangedAspects.content.rawValue) content", "extra d/extra",
            ]
        )
    }

    @Test func aWalkFindsWhatIsSelectedBelowARoot() throws {
        let fixture = try RestoreFixture()
        for name in ["a/1", "a/b/2", "c/3", "d"] { try fixture.backup.write(name, [1]) }
        try fixture.backup.backUp()
        let repository = try fixture.backup.open()
        let pages = try RepositoryChunkSource(repository: repository, index: try repository.loadIndex())
        let page = try SnapshotList.load(repository).resolve("latest").commit.root
        func paths(_ root: [UInt8], _ selection: RestoreSelection, depth: Int = .max) throws -> [String] {
            var walk = try EntryWalk(
                try ManifestCursor(page: page, digest: nil, source: pages),
                root: root,
                selection: selection
            )
            var found: [String] = []
            while let entry = try walk.next() {
                let path = text(walk.relativePath(entry))
                found.append((walk.decision == .take ? "" : "(") + (entry.kind == .directoryEnd ? "/" : "") + path)
                if entry.kind == .directory, path.split(separator: "/").count >= depth { try walk.skipSubtree() }
            }
            return found
        }
        #expect(
            try paths(fixture.root, .everything)
                == ["", "a", "a/1", "a/b", "a/b/2", "/a/b", "/a", "c", "c/3", "/c", "d", "/"]
        )
        #expect(try paths(fixture.root, .everything, depth: 1) == ["", "a", "/a", "c", "/c", "d", "/"])
        let only = try RestoreSelection.paths([fixture.root + bytes("/a/b")])
        #expect(try paths(fixture.root, only) == ["(", "(a", "a/b", "a/b/2", "/a/b", "(/a", "(/"])
        #expect(try paths(fixture.root + bytes("/d"), .everything) == ["d"])
        #expect(throws: RepositoryError.self) { try paths(fixture.root + bytes("/zz"), .everything) }
        #expect(throws: RepositoryError.self) { try paths(bytes("zz"), .everything) }
    }
}
