import FileSystem
import Glibc
import TestSupport
import Testing

struct WritingTests {
    let temporary: TemporaryDirectory
    var directory: Directory { temporary.directory }

    init() throws {
        temporary = try TemporaryDirectory()
        // Nothing here may rely on the umask; it stays away for the rest of the process.
        umask(0)
    }

    @Test
    func modesAreNarrowWithoutAnyUmask() throws {
        _ = try directory.createFile(name("created"))
        _ = try directory.openOrCreateFile(name("opened"))
        try directory.makeDirectory(name("made"))
        _ = try directory.openOrMakeDirectory(name("opened-or-made"))
        _ = try Directory.openOrMake(path: name(temporary.path("on/the/way")))
        try directory.writeFileAtomically(name("atomic"), name("x"))
        let lock = try FileLock.acquire(in: directory, name("lock"))
        if let anonymous = try directory.createAnonymousFile() {
            try directory.linkAnonymousFile(anonymous, as: name("anonymous"))
        }
        let names = try directory.names()
        #expect(names.count >= 7)
        for index in 0..<names.count {
            let status = try directory.status(names[index])
            #expect(status.permissions == (status.kind == .directory ? 0o700 : 0o600), "\(printable(names[index]))")
        }
        #expect(try directory.openDirectory(name("on")).status(name("the")).permissions == 0o700)
        #expect(lock != nil)
    }

    @Test
    func aFileIsReplacedWhole() throws {
        try directory.make("file", "a longer old content", permissions: 0o644)
        let old = try directory.openFile(name("file"))
        try directory.writeFileAtomically(name("file"), name("new"), permissions: 0o640)
        #expect(try directory.content("file") == "new")
        #expect(try directory.status(name("file")).permissions == 0o640)
        #expect(try old.status().linkCount == 0 && old.readToEnd(limit: 100) == name("a longer old content"))
        #expect(try directory.list() == ["file"])
        try directory.makeDirectory(name("folder"))
        expectError(EISDIR) { try directory.writeFileAtomically(name("folder"), name("x")) }
        #expect(try directory.list() == ["file", "folder"])
    }

    @Test(.enabled(if: SmallFileSystem.isPossible))
    func aFullDiskLeavesTheOldContentAndNothingElse() throws {
        let small = try SmallFileSystem(kibibytes: 256)
        let directory = try small.directory
        try directory.writeFileAtomically(name("file"), name("old"))
        let large = [UInt8](repeating: 1, count: 1 << 20)
        do {
            try directory.writeFileAtomically(name("file"), large)
            Issue.record("a full disk was not noticed")
        } catch {
            #expect(error.isNoSpace && error.path == name("file"))
            #expect("\(error)".contains("no space left"))
        }
        #expect(try directory.list() == ["file"] && directory.content("file") == "old")
        let file = try directory.createFile(name("reserved"))
        expectError(ENOSPC) { try file.preallocate(1 << 20) }
        #expect(try directory.space().totalBytes == 256 * 1024)
    }

    @Test
    func temporaryNamesDiffer() {
        let names = Set((0..<1000).map { _ in TemporaryName.random() })
        #expect(names.count == 1000)
        #expect(names.allSatisfy { $0.count == 42 && isFileName($0.span) })
        #expect(TemporaryName.random(prefix: "x").count == 33)
    }

    @Test
    func aLockKeepsOthersOut() throws {
        let first = try #require(try FileLock.acquire(in: directory, name("lock")))
        #expect(try FileLock.acquire(in: directory, name("lock")) == nil)
        #expect(try FileLock.acquire(in: directory, name("lock"), shared: true) == nil)
        #expect(try FileLock.acquire(in: directory, name("other")) != nil)
        try first.release()
        do {
            let shared = try FileLock.acquire(in: directory, name("lock"), shared: true)
            #expect(shared != nil)
            #expect(try FileLock.acquire(in: directory, name("lock"), shared: true) != nil)
            #expect(try FileLock.acquire(in: directory, name("lock")) == nil)
        }
        // Going out of use gives the lock back, and the file stays.
        #expect(try FileLock.acquire(in: directory, name("lock")) != nil)
        #expect(try directory.list() == ["lock", "other"])
    }
}
