import FileSystem
import Glibc

/// Sets what an entry says besides its content, in the order that keeps it: owner (which clears set-id bits and
/// capabilities), user attributes (which need the right to write), permissions, the other attributes, times last.
struct MetadataWriter: Sendable {
    private let restoresOwnership: Bool
    private let ownershipByName: Bool
    private let allowsSetID: Bool?
    private let policy: AttributePolicy
    private let source: any ChunkSource
    private let userID = geteuid()
    private let groupID = getegid()

    init(options: RestoreOptions, source: any ChunkSource) {
        restoresOwnership = options.restoresOwnership
        ownershipByName = options.ownershipByName
        allowsSetID = options.allowsSetID
        policy = AttributePolicy(filter: options.attributeFilter, isPrivileged: geteuid() == 0)
        self.source = source
    }

    /// The owner and group that an entry gets here; nil when they are not restored.
    func owner(of entry: Entry) -> (userID: UInt32, groupID: UInt32)? {
        guard restoresOwnership else { return nil }
        guard ownershipByName else { return (entry.userID, entry.groupID) }
        let user = entry.userName.isEmpty ? nil : NameService.userID(named: Array(entry.userName.utf8))
        let group = entry.groupName.isEmpty ? nil : NameService.groupID(named: Array(entry.groupName.utf8))
        return (user ?? entry.userID, group ?? entry.groupID)
    }

    /// The permission bits that an entry gets here.
    ///
    /// Without its owner's restoration a set-id program would run with the rights of whoever restores.
    func permissions(of entry: Entry, ownerIsRestored: Bool) -> UInt16 {
        let setID = UInt16(0o6000)
        if entry.kind == .directory || allowsSetID ?? ownerIsRestored { return entry.permissions }
        return entry.permissions & ~setID
    }

    /// The attributes that an entry gets here.
    func attributes(of entry: Entry) throws -> [FileSystem.ExtendedAttribute] {
        if entry.attributes.isEmpty { return [] }
        return try entry.attributes.load(from: source).compactMap { attribute in
            policy.restores(attribute.name)
                ? FileSystem.ExtendedAttribute(name: attribute.name, value: attribute.value) : nil
        }
    }

    /// Sets everything on a file or directory that is open.
    ///
    /// - Parameter isFresh: whether it was just made by this process in a directory of its own, so that it belongs to the
    ///   process and has no attributes.
    /// - Returns: what went wrong first; all that can be set is set all the same.
    func apply(_ entry: Entry, to file: Descriptor, isFresh: Bool) -> (any Error)? {
        var failure: (any Error)?
        func attempt(_ body: () throws -> Void) {
            do { try body() } catch { if failure == nil { failure = error } }
        }
        var wanted: [FileSystem.ExtendedAttribute] = []
        attempt { wanted = try attributes(of: entry) }
        let current = isFresh ? nil : try? file.status()
        var ownerIsRestored = false
        if let owner = owner(of: entry) {
            let isRight =
                isFresh
                ? owner.userID == userID && owner.groupID == groupID
                : owner.userID == current?.userID && owner.groupID == current?.groupID
            attempt {
                if !isRight { try file.setOwner(userID: owner.userID, groupID: owner.groupID) }
                ownerIsRestored = true
            }
        }
        var extra: [[UInt8]] = []
        if !isFresh {
            attempt {
                let present = try file.extendedAttributes()
                extra = policy.surplus(present, wanted: wanted)
                wanted.removeAll { present.contains($0) && ownerKeeps($0) }
            }
        }
        let isWritable = isFresh || userID == 0 || (current?.permissions ?? 0) & 0o200 != 0
        if !isWritable, !wanted.isEmpty || !extra.isEmpty { attempt { try file.setPermissions(0o600) } }
        for name in extra { attempt { try file.removeExtendedAttribute(named: name) } }
        for attribute in wanted where policy.isUserAttribute(attribute.name) {
            attempt { try file.setExtendedAttribute(attribute) }
        }
        attempt { try file.setPermissions(permissions(of: entry, ownerIsRestored: ownerIsRestored)) }
        for attribute in wanted where !policy.isUserAttribute(attribute.name) {
            attempt { try file.setExtendedAttribute(attribute) }
        }
        if entry.hasTime { attempt { try file.setTimes(modified: entry.modified) } }
        return failure
    }

    /// A change of owner takes the capability away, and setting permissions changes an ACL: those are set again.
    private func ownerKeeps(_ attribute: FileSystem.ExtendedAttribute) -> Bool {
        policy.isUserAttribute(attribute.name)
    }

    /// Sets everything on a link or special file by its name, in a directory that nobody else can change.
    ///
    /// - Returns: what went wrong first.
    func apply(_ entry: Entry, to name: [UInt8], in directory: Directory) -> (any Error)? {
        var failure: (any Error)?
        func attempt(_ body: () throws -> Void) {
            do { try body() } catch { if failure == nil { failure = error } }
        }
        var ownerIsRestored = false
        if let owner = owner(of: entry) {
            attempt {
                if owner.userID != userID || owner.groupID != groupID {
                    try directory.setOwner(name, userID: owner.userID, groupID: owner.groupID)
                }
                ownerIsRestored = true
            }
        }
        if entry.kind != .symbolicLink {
            attempt {
                try directory.setPermissions(name, permissions(of: entry, ownerIsRestored: ownerIsRestored))
            }
        }
        attempt {
            for attribute in try attributes(of: entry) { try directory.setExtendedAttribute(name, attribute) }
        }
        attempt { try directory.setTimes(name, modified: entry.modified) }
        return failure
    }

    /// Whether an existing file has all that would be set; content and link target are not looked at.
    ///
    /// - Parameter readAttributes: reads the file's attributes.
    func matches(
        _ entry: Entry,
        _ status: FileStatus,
        readAttributes: () throws -> [FileSystem.ExtendedAttribute]
    ) throws -> Bool {
        let owner = owner(of: entry)
        if let owner, owner.userID != status.userID || owner.groupID != status.groupID { return false }
        if entry.kind != .symbolicLink,
            status.permissions != permissions(of: entry, ownerIsRestored: owner != nil)
        {
            return false
        }
        guard !entry.hasTime || status.modified == entry.modified else { return false }
        let wanted = try attributes(of: entry)
        let present = try readAttributes()
        return policy.surplus(present, wanted: wanted).isEmpty && wanted.allSatisfy(present.contains)
    }
}

extension Entry {
    /// The modification time.
    var modified: Timestamp { Timestamp(seconds: modifiedSeconds, nanoseconds: modifiedNanoseconds) }

    /// Whether the modification time says anything; a backup leaves out that of parents of saved paths.
    var hasTime: Bool { !flags.contains(.implied) }
}
