internal import Records

/// The tags of an entry's fields (format.md §12.1).
enum EntryTag {
    static let permissions: UInt64 = 1
    static let userName: UInt64 = 2
    static let userID: UInt64 = 3
    static let groupName: UInt64 = 4
    static let groupID: UInt64 = 5
    static let modifiedSeconds: UInt64 = 7
    static let modifiedNanoseconds: UInt64 = 9
    static let size: UInt64 = 11
    static let contentHash: UInt64 = 13
    static let extents: UInt64 = 15
    static let extentTree: UInt64 = 17
    static let linkTarget: UInt64 = 19
    static let deviceMajor: UInt64 = 21
    static let deviceMinor: UInt64 = 23
    static let hardLinkGroup: UInt64 = 25
    static let attribute: UInt64 = 27
    static let storedAttributes: UInt64 = 29
    static let flags: UInt64 = 30
    static let entryCount: UInt64 = 31
    static let contentBytes: UInt64 = 33
    static let subtreeDigest: UInt64 = 35
    static let dot: UInt64 = 40
    static let siblingVersion: UInt64 = 42
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
