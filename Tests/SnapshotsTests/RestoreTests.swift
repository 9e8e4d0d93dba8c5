import FileSystem
import Foundation
import Repository
import Snapshots
import TestSupport
import Testing

/// Whether this process may do what only root may.
let isRoot = geteuid() == 0

@Suite struct RestoreTests {
    /// Everything that a tree can hold comes back, and a second restore finds nothing to do.
    @Test(.enabled(if: isRoot)) func everyKindOfEntryComesBack() throws {
        let fixture = try RestoreFixture()
        try makeOddTree(fixture)
        let expected = try listTree(fixture.backup.source)
        try fixture.backup.backUp()
        let recorder = RestoreRecorder()
        let summary = try fixture.restore(observer: recorder) { $0.verifiesAfter = true }
        #expect(recorder.told.failures.isEmpty)
        #expect(recorder.told.warnings.isEmpty)
        #expect(summary.failures == 0)
        #expect(differences(expected, try listTree(fixture.target)).isEmpty)
        #expect(summary.verified == UInt64(expected.count))

        let inodes = try inodeNumbers(fixture.target)
        let again = RestoreRecorder()
        let second = try fixture.restore(observer: again)
        #expect(second.files == 0 && second.failures == 0)
        #expect(again.told.items.values.allSatisfy { $0 == .unchanged })
        #expect(try inodeNumbers(fixture.target) == inodes)
        #expect(differences(expected, try listTree(fixture.target)).isEmpty)
    }

    private func makeOddTree(_ fixture: RestoreFixture) throws {
        var random = SeededGenerator(seed: 41)
        for size in [0, 1, 4095, 4096, 300_000, 2_000_000] {
            try fixture.backup.write("plain/\(size)", random.bytes(size))
        }
        try fixture.backup.write("large", random.mebibytes(20))
        try fixture.backup.write("deep/a/b/c/file", [1, 2, 3])
        let source = try fixture.source
        let modes = try source.openOrMakeDirectory(bytes("modes")).directory
        for mode: UInt16 in [0, 0o444, 0o4755, 0o2711, 0o1600, 0o7777] {
            let name = bytes("mode-\(String(mode, radix: 8))")
            let file = try modes.createFile(name)
            try file.write(bytes("content of \(mode)"))
            try file.setOwner(userID: 1234, groupID: 4321)
            try file.setPermissions(mode)
            try file.setTimes(modified: Timestamp(seconds: -5, nanoseconds: 999_999_999))
        }
        try makeSpecialFiles(try source.openOrMakeDirectory(bytes("special")).directory)
        try makeAttributes(try source.openOrMakeDirectory(bytes("attributes")).directory)
        let sparse = try source.createFile(bytes("sparse"))
        try sparse.write(random.bytes(4096), at: 1 << 20)
        try sparse.truncate(to: 64 << 20)
        let hollow = try source.createFile(bytes("hollow"))
        try hollow.truncate(to: 3 << 20)
        let odd = try source.openOrMakeDirectory([0xFF, 0x0A, 0x1B, 0x5B, 0x31, 0x6D]).directory
        try odd.createFile([UInt8](repeating: 0xE4, count: 255)).write([1])
        try odd.createFile(bytes("-rf")).write([2])
        try modes.descriptor.setPermissions(0o2750)
        try modes.descriptor.setOwner(userID: 7, groupID: 8)
        try modes.descriptor.setPermissions(0o2750)
        try odd.descriptor.setTimes(modified: Timestamp(seconds: 1, nanoseconds: 2))
    }

    private func makeSpecialFiles(_ directory: Directory) throws {
        try directory.makeSymbolicLink(bytes("link"), target: bytes("../nowhere"))
        try directory.setOwner(bytes("link"), userID: 5, groupID: 6)
        try directory.setTimes(bytes("link"), modified: Timestamp(seconds: 86_400, nanoseconds: 7))
        try directory.makeSymbolicLink(bytes("long"), target: [UInt8](repeating: 0x78, count: 4000))
        try directory.makeNode(bytes("fifo"), kind: .fifo, permissions: 0o622)
        try directory.makeNode(bytes("socket"), kind: .socket, permissions: 0o600)
        try directory.makeNode(
            bytes("null"),
            kind: .characterDevice,
            permissions: 0o666,
            deviceMajor: 1,
            deviceMinor: 3
        )
        try directory.makeNode(bytes("loop"), kind: .blockDevice, permissions: 0o600, deviceMajor: 7, deviceMinor: 300)
        for name in ["fifo", "link", "null"] {
            try directory.link(bytes(name), to: directory, as: bytes("second-\(name)"))
        }
        try directory.createFile(bytes("b-linked")).write(bytes("one inode"))
        for name in ["a-linked", "c-linked", "d-linked"] {
            try directory.link(bytes("b-linked"), to: directory, as: bytes(name))
        }
    }

    private func makeAttributes(_ directory: Directory) throws {
        let file = try directory.createFile(bytes("file"))
        try file.setExtendedAttribute(ExtendedAttribute(name: bytes("user.note"), value: [0, 1, 255]))
        try file.setExtendedAttribute(ExtendedAttribute(name: bytes("user.empty"), value: []))
        // cap_net_raw+ep in the form of linux/capability.h, VFS_CAP_REVISION_2.
        let capability: [UInt8] = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        try file.setOwner(userID: 33, groupID: 33)
        try file.setPermissions(0o755)
        try file.setExtendedAttribute(ExtendedAttribute(name: bytes("security.capability"), value: capability))
        let listed = try directory.createFile(bytes("with-acl"))
        try listed.setExtendedAttribute(ExtendedAttribute(name: bytes("system.posix_acl_access"), value: accessList()))
        let inner = try directory.openOrMakeDirectory(bytes("with-default-acl")).directory
        try inner.descriptor.setExtendedAttribute(
            ExtendedAttribute(name: bytes("system.posix_acl_default"), value: accessList())
        )
        // Made before the list: it has none of its own.
        try inner.descriptor.setExtendedAttribute(ExtendedAttribute(name: bytes("user.directory"), value: [9]))
    }

    /// The owner may read and write, user 99 may read, group and others nothing (acl(5), version 2).
    private func accessList() -> [UInt8] {
        func item(_ tag: UInt8, _ rights: UInt8, id: UInt32 = .max) -> [UInt8] {
            [tag, 0, rights, 0] + (0..<4).map { UInt8(truncatingIfNeeded: id >> UInt32(8 * $0)) }
        }
        return [2, 0, 0, 0] + item(1, 6) + item(2, 4, id: 99) + item(4, 0) + item(16, 4) + item(32, 0)
    }

    private func inodeNumbers(_ path: String) throws -> [String: UInt64] {
        var numbers: [String: UInt64] = [:]
        let walk = FileManager.default.enumerator(atPath: path)
        while let name = walk?.nextObject() as? String {
            var status = stat()
            if unsafe lstat(path + "/" + name, &status) == 0 { numbers[name] = UInt64(status.st_ino) }
        }
        return numbers
    }

    @Test func aPathLongerThanTheSystemTakesAtOnceComesBack() throws {
        let fixture = try RestoreFixture()
        var stack = DirectoryStack(root: try fixture.source)
        let name = [UInt8](repeating: 0x64, count: 9)
        while stack.path.count < 6_000 {
            try stack.current.makeDirectory(name)
            try stack.push(name)
        }
        try stack.current.createFile(bytes("at-the-end")).write(bytes("far down"))
        let path = stack.path
        try fixture.backup.backUp()
        let summary = try fixture.restore()
        #expect(summary.failures == 0)
        let parent = try fixture.restored.openDirectory(beneath: path)
        #expect(try parent.readFile(bytes("at-the-end"), limit: 100) == bytes("far down"))
    }

    @Test func theStagingDirectoryIsGoneAtTheEnd() throws {
        let fixture = try RestoreFixture()
        try fixture.backup.write("a", [1])
        try fixture.backup.backUp()
        try fixture.restore()
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.target) == ["a"])
    }

    @Test func aSingleFileIsRestoredUnderItsName() throws {
        let fixture = try RestoreFixture()
        try fixture.backup.write("folder/[abc].txt", bytes("literal"))
        try fixture.backup.write("folder/other", [1])
        try fixture.backup.backUp()
        let summary = try fixture.restore { $0.root += bytes("/folder/[abc].txt") }
        #expect(summary.files == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.target) == ["[abc].txt"])
        #expect(throws: RepositoryError.self) { try fixture.restore { $0.root += bytes("/folder/nothing") } }
    }

    @Test func entriesOfOneGroupThatDifferAreNotMerged() throws {
        let fixture = try RestoreFixture()
        func link(_ name: String, _ permissions: UInt16) -> Entry {
            var entry = Entry(path: bytes(name), kind: .regular)
            entry.permissions = permissions
            entry.hardLinkGroup = 5
            return entry
        }
        let page = try fixture.store([link("a", 0o600), link("b", 0o640), link("c", 0o600)])
        let summary = try fixture.restore(page: page) { $0.root = [] }
        #expect(summary.failures == 0)
        let found = try ["a", "b", "c"].map { try fixture.restored.status(bytes($0)) }
        #expect(found.map(\.permissions) == [0o600, 0o640, 0o600])
        #expect(found[0].identity == found[2].identity)
        #expect(found[0].identity != found[1].identity)
    }

    @Test func aPathThatTheSnapshotLacksIsNoIntegrityFailure() throws {
        let fixture = try RestoreFixture()
        try fixture.backup.write("a", [1])
        try fixture.backup.backUp()
        let recorder = RestoreRecorder()
        let summary = try fixture.restore(observer: recorder) {
            $0.selection = try .paths([fixture.root + bytes("/a"), fixture.root + bytes("/nothing")])
        }
        #expect(summary.files == 1)
        #expect(summary.failures == 1)
        #expect(summary.integrityFailures == 0)
        #expect(recorder.told.failures.count == 1)
    }

    @Test(arguments: [1, 2, 5]) func anyNumberOfWorkersGivesTheSameTree(workers: Int) throws {
        let fixture = try RestoreFixture()
        var random = SeededGenerator(seed: 5)
        for index in 0..<700 {
            try fixture.backup.write("d\(index % 40)/f\(index)", random.bytes(Int(random.next() % 6000)))
        }
        try fixture.backup.write("large-1", random.mebibytes(17))
        try fixture.backup.write("large-2", random.mebibytes(26))
        try FileManager.default.linkItem(
            atPath: fixture.backup.source + "/large-2",
            toPath: fixture.backup.source + "/large-3"
        )
        try fixture.backup.backUp()
        let expected = try listTree(fixture.backup.source)
        let summary = try fixture.restore { $0.workers = workers }
        #expect(summary.failures == 0)
        #expect(differences(expected, try listTree(fixture.target)).isEmpty)
    }
}
