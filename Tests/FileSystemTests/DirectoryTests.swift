import FileSystem
import Glibc
import TestSupport
import Testing

struct DirectoryTests {
    let temporary: TemporaryDirectory
    var directory: Directory { temporary.directory }

    init() throws { temporary = try TemporaryDirectory() }

    @Test(arguments: [
        name("plain"), name("new\nline"), [0xFF, 0xFE, 0x80], [0xC3], name("\u{1B}[2J"), name("日本"), name(" "),
        name("..."), name("-rf"), name("*?[\\"), [1], [UInt8](repeating: 0xE9, count: 255),
    ])
    func namesAreRawBytes(raw: [UInt8]) throws {
        let file = try directory.createFile(raw)
        try file.write("x")
        #expect(try directory.names()[0] == raw)
        #expect(try directory.names().index(of: raw) == 0)
        #expect(try directory.status(raw).size == 1)
        #expect(try directory.openFile(raw).status().identity == file.status().identity)
        try directory.rename(raw, to: directory, as: name("other"))
        try directory.link(name("other"), to: directory, as: raw)
        #expect(try directory.status(raw).linkCount == 2)
        try directory.unlink(raw)
        try directory.makeDirectory(raw)
        #expect(try directory.openDirectory(beneath: raw).status().kind == .directory)
        try directory.removeDirectory(raw)
        try directory.makeSymbolicLink(raw, target: raw)
        #expect(try directory.readLink(raw) == raw)
    }

    @Test(arguments: [[], name("."), name(".."), name("a/b"), name("/"), name("/etc"), [0x61, 0], [0]] as [[UInt8]])
    func whatIsNoNameIsRefusedByEveryCall(bad: [UInt8]) throws {
        try directory.make("good")
        let good = name("good")
        let attribute = ExtendedAttribute(name: name("user.x"), value: [])
        let calls: [() throws -> Void] = [
            { _ = try directory.status(bad) },
            { _ = try directory.openFile(bad) },
            { _ = try directory.openDirectory(bad) },
            { _ = try directory.createFile(bad) },
            { _ = try directory.openOrCreateFile(bad) },
            { try directory.makeDirectory(bad) },
            { try directory.makeSymbolicLink(bad, target: good) },
            { try directory.makeNode(bad, kind: .fifo, permissions: 0o600) },
            { try directory.link(bad, to: directory, as: good) },
            { try directory.link(good, to: directory, as: bad) },
            { try directory.rename(bad, to: directory, as: good) },
            { try directory.rename(good, to: directory, as: bad) },
            { try directory.unlink(bad) },
            { try directory.removeDirectory(bad) },
            { _ = try directory.readLink(bad) },
            { try directory.setTimes(bad, modified: Timestamp(seconds: 0)) },
            { try directory.setPermissions(bad, 0o777) },
            { try directory.setOwner(bad, userID: 0, groupID: 0) },
            { _ = try directory.extendedAttributes(bad) },
            { try directory.setExtendedAttribute(bad, attribute) },
            { try directory.removeExtendedAttribute(bad, named: attribute.name) },
            { try directory.writeFileAtomically(bad, [1]) },
        ]
        for call in calls { expectError(EINVAL) { try call() } }
        if let anonymous = try directory.createAnonymousFile() {
            expectError(EINVAL) { try directory.linkAnonymousFile(anonymous, as: bad) }
        }
        #expect(try directory.list() == ["good"])
    }

    @Test
    func aNameThatIsTooLongIsRefused() throws {
        let long = [UInt8](repeating: 0x61, count: 256)
        expectError(ENAMETOOLONG) { _ = try directory.createFile(long) }
        expectError(ENAMETOOLONG) { _ = try directory.status([UInt8](repeating: 0x61, count: 5000)) }
        expectError(ENAMETOOLONG) { _ = try directory.extendedAttributes([UInt8](repeating: 0x61, count: 5000)) }
    }

    @Test
    func statusTellsWhatThingsAre() throws {
        try directory.make("file", "12345", permissions: 0o640)
        try directory.makeDirectory(name("folder"), permissions: 0o750)
        try directory.makeSymbolicLink(name("link"), target: name("nowhere"))
        try directory.makeNode(name("fifo"), kind: .fifo, permissions: 0o600)
        try directory.makeNode(name("socket"), kind: .socket, permissions: 0o600)
        let file = try directory.status(name("file"))
        #expect(file.kind == .regular && file.size == 5 && file.permissions == 0o640 && file.linkCount == 1)
        #expect(file.userID == geteuid() && file.deviceMajor == 0 && file.deviceMinor == 0)
        #expect(file.changed.seconds > 1_600_000_000)
        #expect(try directory.status(name("folder")).kind == .directory)
        #expect(try directory.status(name("link")).kind == .symbolicLink)
        #expect(try directory.status(name("link")).size == 7)
        #expect(try directory.status(name("fifo")).kind == .fifo)
        #expect(try directory.status(name("socket")).kind == .socket)
        #expect(try directory.statusIfPresent(name("none")) == nil)
        expectError(ENOENT) { _ = try directory.status(name("none")) }
        expectError(ENOTDIR) {
            _ = try Directory(adopting: directory.openFile(name("file"))).statusIfPresent(name("x"))
        }
        let null = try Directory.open(path: name("/dev")).status(name("null"))
        #expect(null.kind == .characterDevice && null.deviceMajor == 1 && null.deviceMinor == 3)
        let names = try directory.names()
        for index in 0..<names.count {
            let kind = try directory.status(names[index]).kind
            #expect(names.kind(at: index) == nil || names.kind(at: index) == kind)
            let same = try names.withName(at: index) { (bytes) throws(SystemError) in try directory.status(bytes) }
            #expect(same.kind == kind)
        }
    }

    @Test(.enabled(if: isRoot))
    func devicesKeepTheirNumbers() throws {
        for (kind, major, minor) in [(FileKind.characterDevice, UInt32(1), UInt32(3)), (.blockDevice, 259, 70_000)] {
            let node = name("\(kind)")
            try directory.makeNode(node, kind: kind, permissions: 0o600, deviceMajor: major, deviceMinor: minor)
            let status = try directory.status(node)
            #expect(status.kind == kind && status.deviceMajor == major && status.deviceMinor == minor)
        }
        expectError(EINVAL) { try directory.makeNode(name("x"), kind: .regular, permissions: 0o600) }
        expectError(EINVAL) { try directory.makeNode(name("x"), kind: .directory, permissions: 0o600) }
    }

    @Test
    func openingDoesNotFollowOrWait() throws {
        try directory.make("file")
        try directory.makeDirectory(name("folder"))
        try directory.makeSymbolicLink(name("to-file"), target: name("file"))
        try directory.makeSymbolicLink(name("to-folder"), target: name("folder"))
        try directory.makeNode(name("fifo"), kind: .fifo, permissions: 0o600)
        expectError(ELOOP) { _ = try directory.openFile(name("to-file")) }
        expectError(ELOOP) { _ = try directory.openFile(name("to-file"), for: .readingAndWriting) }
        expectError(ELOOP) { _ = try directory.openOrCreateFile(name("to-file")) }
        expectError(ELOOP, ENOTDIR) { _ = try directory.openDirectory(name("to-folder")) }
        expectError(ENOTDIR) { _ = try directory.openDirectory(name("file")) }
        expectError(EEXIST) { _ = try directory.createFile(name("to-file")) }
        #expect(try directory.openFile(name("fifo")).status().kind == .fifo)
        expectError(ENXIO) { _ = try directory.openFile(name("fifo"), for: .writing) }
        expectError(EINVAL) { _ = try directory.readFile(name("fifo"), limit: 10) }
        let writer = try directory.openFile(name("file"), for: .writing)
        try writer.write("written")
        #expect(try directory.content("file") == "written")
    }

    @Test
    func readingLeavesTheAccessTimeAlone() throws {
        try directory.make("file", "content")
        let old = Timestamp(seconds: 1_000_000_000)
        try directory.setTimes(name("file"), modified: Timestamp(seconds: 1_100_000_000), accessed: old)
        #expect(try directory.content("file") == "content")
        var raw = stat()
        #expect(unsafe stat(temporary.path("file"), &raw) == 0)
        #expect(raw.st_atim.tv_sec == 1_000_000_000)
    }

    @Test
    func linksAreReadAndLinkedThemselves() throws {
        let longest = [UInt8](repeating: 0x78, count: 4095)
        try directory.makeSymbolicLink(name("long"), target: longest)
        #expect(try directory.readLink(name("long")) == longest)
        expectError(EINVAL) { try directory.makeSymbolicLink(name("zero"), target: [0x61, 0, 0x62]) }
        expectError(ENOENT) { try directory.makeSymbolicLink(name("empty"), target: []) }
        try directory.make("file")
        expectError(EINVAL) { _ = try directory.readLink(name("file")) }
        try directory.makeSymbolicLink(name("link"), target: name("file"))
        try directory.link(name("link"), to: directory, as: name("second"))
        #expect(try directory.status(name("second")).kind == .symbolicLink)
        #expect(try directory.status(name("file")).linkCount == 1)
        expectError(EEXIST) { try directory.link(name("file"), to: directory, as: name("link")) }
    }

    @Test
    func renamingReplacesOnlyWhenAsked() throws {
        try directory.makeDirectory(name("folder"))
        let folder = try directory.openDirectory(name("folder"))
        try directory.make("a", "A")
        try folder.make("b", "B")
        expectError(EEXIST) { try directory.rename(name("a"), to: folder, as: name("b"), .withoutReplacing) }
        try directory.rename(name("a"), to: folder, as: name("b"), .exchanging)
        #expect(try directory.content("a") == "B" && folder.content("b") == "A")
        try directory.rename(name("a"), to: folder, as: name("c"), .withoutReplacing)
        try folder.rename(name("c"), to: folder, as: name("b"))
        #expect(try folder.list() == ["b"] && folder.content("b") == "B")
        expectError(ENOENT) { try folder.rename(name("b"), to: directory, as: name("z"), .exchanging) }
        try folder.sync()
        expectError(ENOTEMPTY) { try directory.removeDirectory(name("folder")) }
        expectError(EISDIR) { try directory.unlink(name("folder")) }
        try folder.unlink(name("b"))
        try directory.removeDirectory(name("folder"))
        #expect(try directory.list() == [])
    }

    @Test
    func aFileWithoutANameGetsOne() throws {
        guard let file = try directory.createAnonymousFile() else { return }
        try file.write("content")
        #expect(try directory.list() == [])
        try directory.linkAnonymousFile(file, as: name("named"))
        #expect(try directory.content("named") == "content")
        let second = try #require(try directory.createAnonymousFile())
        expectError(EEXIST) { try directory.linkAnonymousFile(second, as: name("named")) }
    }

    @Test
    func missingDirectoriesAreMadeOnTheWay() throws {
        let made = try Directory.openOrMake(path: name(temporary.path("a/b//c/")))
        #expect(try made.list() == [])
        #expect(try directory.openDirectory(beneath: name("a/b/c")).status().identity == made.status().identity)
        #expect(try directory.openDirectory(name("a")).status().permissions == 0o700)
        #expect(
            try Directory.openOrMake(path: name(temporary.path("a/b/c"))).status().identity == made.status().identity
        )
        try directory.make("file")
        expectError(ENOTDIR) { _ = try Directory.openOrMake(path: name(temporary.path("file/x"))) }
        expectError(ENOENT) { _ = try Directory.openOrMake(path: name(temporary.path("none/../x"))) }
    }
}
