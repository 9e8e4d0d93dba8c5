internal import Records

/// The tags of an entry's fields (format.md §12.1).
enum EntryTag {
    /// Permission bits.
    static let permissions: UInt64 = 1
    /// The name of the owner.
    static let userName: UInt64 = 2
    /// The number of the owner.
    static let userID: UInt64 = 3
    /// The name of the group.
    static let groupName: UInt64 = 4
    /// The number of the group.
    static let groupID: UInt64 = 5
    /// Modification time, whole seconds.
    static let modifiedSeconds: UInt64 = 7
    /// Modification time, nanoseconds.
    static let modifiedNanoseconds: UInt64 = 9
    /// The size of the content.
    static let size: UInt64 = 11
    /// SHA-256 of a content without holes.
    static let contentHash: UInt64 = 13
    /// The extents, if they are few.
    static let extents: UInt64 = 15
    /// The root of the extent tree.
    static let extentTree: UInt64 = 17
    /// The target of a symbolic link.
    static let linkTarget: UInt64 = 19
    /// The major number of a device.
    static let deviceMajor: UInt64 = 21
    /// The minor number of a device.
    static let deviceMinor: UInt64 = 23
    /// What the names of one inode share.
    static let hardLinkGroup: UInt64 = 25
    /// One extended attribute.
    static let attribute: UInt64 = 27
    /// Extended attributes in data chunks.
    static let storedAttributes: UInt64 = 29
    /// The bits of ``EntryFlags``.
    static let flags: UInt64 = 30
    /// Of an end: entries below.
    static let entryCount: UInt64 = 31
    /// Of an end: bytes of content below.
    static let contentBytes: UInt64 = 33
    /// Of an end: D.
    static let subtreeDigest: UInt64 = 35
    /// The version of the entry, for sync.
    static let dot: UInt64 = 40
    /// Another live version of the entry, for sync.
    static let siblingVersion: UInt64 = 42
    /// SHA-256 of the runs of a content with holes.
    static let sparseHash: UInt64 = 43

    /// The tags that may occur several times in a row.
    static let repeated: TagSet = [attribute, siblingVersion]

    /// Whether this version gives the tag a property of its own.
    static func isInterpreted(_ tag: UInt64) -> Bool {
        (tag % 2 == 1 && tag <= sparseHash && tag != 37 && tag != 39 && tag != 41)
            || tag == userName || tag == groupName || tag == flags
    }

    /// Whether the field says how an entry is stored or synchronised, not what it is; left out of its digest.
    static func isOutsideDigest(_ tag: UInt64) -> Bool {
        switch tag {
        case extents, extentTree, hardLinkGroup, flags, dot, siblingVersion: true
        default: false
        }
    }
}
