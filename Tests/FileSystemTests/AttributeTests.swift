import FileSystem
import Glibc
import TestSupport
import Testing

struct AttributeTests {
    let temporary: TemporaryDirectory
    var directory: Directory { temporary.directory }

    init() throws { temporary = try TemporaryDirectory() }

    @Test(arguments: [
        Timestamp(seconds: 1_700_000_000, nanoseconds: 123_456_789), Timestamp(seconds: 0),
        Timestamp(seconds: -1_000_000, nanoseconds: 999_999_999), Timestamp(seconds: 4_000_000_000, nanoseconds: 1),
    ])
    func timesAreKeptToTheNanosecond(time: Timestamp) throws {
        let file = try directory.make("file")
        try directory.makeSymbolicLink(name("link"), target: name("file"))
        try file.setTimes(modified: time)
        #expect(try file.status().modified == time)
        let other = Timestamp(seconds: 1_600_000_000, nanoseconds: 5)
        try directory.setTimes(name("link"), modified: other, accessed: time)
        #expect(try directory.status(name("link")).modified == other)
        #expect(try directory.status(name("file")).modified == time)
        try directory.setTimes(name("file"), modified: other)
        #expect(try directory.status(name("file")).modified == other)
    }

    /// The last two numbers are those by which the system call means "now" and "leave as it is".
    @Test(arguments: [1_000_000_000, .max, 0x3FFF_FFFF, 0x3FFF_FFFE] as [UInt32])
    func nanosecondsBeyondASecondAreRefused(nanoseconds: UInt32) throws {
        let file = try directory.make("file")
        let good = Timestamp(seconds: 5, nanoseconds: 6)
        let bad = Timestamp(seconds: 5, nanoseconds: nanoseconds)
        try file.setTimes(modified: good)
        expectError(EINVAL) { try file.setTimes(modified: bad) }
        expectError(EINVAL) { try directory.setTimes(name("file"), modified: bad) }
        expectError(EINVAL) { try directory.setTimes(name("file"), modified: good, accessed: bad) }
        #expect(try file.status().modified == good)
    }

    @Test
    func timestampsAreOrderedByTime() {
        let times = [
            Timestamp(seconds: -2, nanoseconds: 5), Timestamp(seconds: -1), Timestamp(seconds: 0, nanoseconds: 7),
            Timestamp(seconds: 0, nanoseconds: 8), Timestamp(seconds: 1),
        ]
        #expect(times.reversed().sorted() == times)
        #expect(Timestamp.now() > times[4])
    }

    @Test(arguments: [0, 0o400, 0o644, 0o1777, 0o2755, 0o4755, 0o7777] as [UInt16])
    func permissionBitsAreSetExactly(bits: UInt16) throws {
        let file = try directory.make("file")
        try directory.setPermissions(name("file"), bits)
        #expect(try file.status().permissions == bits)
        try file.setPermissions(0o600)
        #expect(try directory.status(name("file")).permissions == 0o600)
        try directory.makeDirectory(name("folder"))
        try directory.setPermissions(name("folder"), bits)
        #expect(try directory.status(name("folder")).permissions == bits)
    }

    @Test
    func permissionsNeverGoThroughALink() throws {
        try directory.make("target", permissions: 0o600)
        try directory.makeSymbolicLink(name("link"), target: name("target"))
        expectError(EOPNOTSUPP) { try directory.setPermissions(name("link"), 0o777) }
        #expect(try directory.status(name("target")).permissions == 0o600)
    }

    @Test(.enabled(if: isRoot))
    func ownersAreSetWithoutFollowing() throws {
        let file = try directory.make("file")
        try directory.makeSymbolicLink(name("link"), target: name("file"))
        try directory.setOwner(name("link"), userID: 1234, groupID: 70_000)
        #expect(try directory.status(name("link")).userID == 1234)
        #expect(try directory.status(name("link")).groupID == 70_000)
        #expect(try file.status().userID == geteuid())
        try directory.setOwner(name("file"), userID: 55, groupID: nil)
        #expect(try file.status().userID == 55 && file.status().groupID == getegid())
        try file.setOwner(userID: nil, groupID: 66)
        #expect(try file.status().userID == 55 && file.status().groupID == 66)
    }

    @Test
    func extendedAttributesComeBackSorted() throws {
        let file = try directory.make("file")
        #expect(try file.extendedAttributes() == [])
        var random = SeededGenerator(seed: 5)
        let attributes = [
            ExtendedAttribute(name: name("user.a"), value: []),
            ExtendedAttribute(name: name("user.b\u{1}\n"), value: [0, 255, 10]),
            // Longer than what is read at the first try.
            ExtendedAttribute(name: name("user.long"), value: random.bytes(2500)),
        ]
        try file.setExtendedAttribute(attributes[2])
        try directory.setExtendedAttribute(name("file"), attributes[1])
        try directory.setExtendedAttribute(name("file"), ExtendedAttribute(name: name("user.a"), value: [1]))
        try directory.setExtendedAttribute(name("file"), attributes[0])
        #expect(try file.extendedAttributes() == attributes)
        #expect(try directory.extendedAttributes(name("file")) == attributes)
        try file.removeExtendedAttribute(named: name("user.a"))
        try directory.removeExtendedAttribute(name("file"), named: name("user.long"))
        #expect(try file.extendedAttributes() == [attributes[1]])
        expectError(ENODATA) { try file.removeExtendedAttribute(named: name("user.none")) }
        expectError(EINVAL) {
            try file.setExtendedAttribute(ExtendedAttribute(name: [0x75, 0], value: []))
        }
        expectError(EINVAL) { try file.removeExtendedAttribute(named: []) }
        expectError(EINVAL) { _ = try directory.extendedAttributes(name("../x")) }
        expectError(ENOENT) { _ = try directory.extendedAttributes(name("none")) }
    }

    @Test
    func manyExtendedAttributesAreListed() throws {
        let file = try directory.make("file")
        let attributes = (0..<100).map { index in
            ExtendedAttribute(name: name("user.attribute-\(100 + index)"), value: [UInt8(index)])
        }
        for attribute in attributes.reversed() { try file.setExtendedAttribute(attribute) }
        #expect(try file.extendedAttributes() == attributes)
    }

    @Test
    func aFileSystemWithoutExtendedAttributesHasNone() throws {
        #expect(try Directory.open(path: name("/proc/self")).extendedAttributes(name("status")) == [])
    }

    @Test(.enabled(if: isRoot))
    func attributesOfALinkAreItsOwn() throws {
        let file = try directory.make("file")
        try directory.makeSymbolicLink(name("link"), target: name("file"))
        let attribute = ExtendedAttribute(name: name("trusted.mark"), value: [1, 2])
        try directory.setExtendedAttribute(name("link"), attribute)
        #expect(try directory.extendedAttributes(name("link")) == [attribute])
        #expect(try file.extendedAttributes() == [])
        try directory.removeExtendedAttribute(name("link"), named: attribute.name)
        #expect(try directory.extendedAttributes(name("link")) == [])
    }

    @Test(.enabled(if: isRoot))
    func accessListsAndCapabilitiesAreAttributes() throws {
        try directory.make("file", permissions: 0o640)
        try directory.makeDirectory(name("folder"))
        // acl(5) as the kernel stores it, version 2: user::rw-, user 1000:rw-, group::r--, mask::rw-, other::---.
        let list: [UInt8] = [
            2, 0, 0, 0,
            1, 0, 6, 0, 255, 255, 255, 255,
            2, 0, 6, 0, 0xE8, 3, 0, 0,
            4, 0, 4, 0, 255, 255, 255, 255,
            16, 0, 6, 0, 255, 255, 255, 255,
            32, 0, 0, 0, 255, 255, 255, 255,
        ]
        let access = ExtendedAttribute(name: name("system.posix_acl_access"), value: list)
        let standard = ExtendedAttribute(name: name("system.posix_acl_default"), value: list)
        // vfs_cap_data, revision 2, effective: cap_net_bind_service (bit 10) permitted.
        let capability = ExtendedAttribute(
            name: name("security.capability"),
            value: [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        )
        try directory.setExtendedAttribute(name("file"), access)
        try directory.setExtendedAttribute(name("file"), capability)
        #expect(try directory.extendedAttributes(name("file")) == [capability, access])
        try directory.setExtendedAttribute(name("folder"), standard)
        #expect(try directory.extendedAttributes(name("folder")) == [standard])
        #expect(try directory.openDirectory(name("folder")).descriptor.extendedAttributes() == [standard])
    }

    @Test
    func freeSpaceIsPlausible() throws {
        let space = try directory.space()
        #expect(space.totalBytes >= space.freeBytes && space.freeBytes >= space.availableBytes)
        #expect(space.totalBytes > 0)
        // PROC_SUPER_MAGIC
        #expect(try Directory.open(path: name("/proc")).space().type == 0x9FA0)
        try directory.syncFileSystem()
    }

    @Test
    func theRootOfAMountIsKnownAsOne() throws {
        let root = try Directory.open(path: name("/"))
        #expect(try root.status(name("proc")).flags.contains(.mountRoot))
        #expect(try !directory.status().flags.contains(.mountRoot))
        #expect(try root.status(name("proc")).mountID != directory.status().mountID)
    }
}
