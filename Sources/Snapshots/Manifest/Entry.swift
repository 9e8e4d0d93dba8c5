package import Cryptography
package import Records

/// One entry of a manifest: a file, directory or special file as it stood, or the end of a directory.
///
/// Holds what a restore needs. Only the fields of its kind may differ from their defaults; ``validate()`` says so.
package struct Entry: Hashable, Sendable {
    /// Components joined by `/`, raw bytes.
    package var path: [UInt8]
    /// What it is.
    package var kind: EntryKind
    /// Permission bits, at most 0o7777.
    package var permissions: UInt16 = 0
    /// The owner's number.
    package var userID: UInt32 = 0
    /// The group's number.
    package var groupID: UInt32 = 0
    /// The owner's name on the host that was saved; empty if it has none.
    package var userName = ""
    /// The group's name on the host that was saved; empty if it has none.
    package var groupName = ""
    /// Modification time, whole seconds since 1970, rounded down.
    package var modifiedSeconds: Int64 = 0
    /// Modification time, the rest: 0 to 999,999,999.
    package var modifiedNanoseconds: UInt32 = 0

    /// Bytes of content of a regular file, at most 2⁶³−1, as of any Linux file.
    package var size: UInt64 = 0
    /// SHA-256 of the content of a file without holes.
    package var contentHash: Digest?
    /// SHA-256 of the runs of data and holes of a file with holes, as field 43 defines it.
    package var sparseHash: Digest?
    /// Where the content of a regular file is.
    package var content = Content.none

    /// Where a symbolic link points: 1 to 65,535 bytes without NUL.
    package var linkTarget: [UInt8] = []
    /// The major number of a device.
    package var deviceMajor: UInt32 = 0
    /// The minor number of a device.
    package var deviceMinor: UInt32 = 0
    /// Entries of one number are one inode; 0 for those with a single name.
    package var hardLinkGroup: UInt64 = 0
    /// Extended attributes, access control lists and capabilities among them.
    package var attributes = AttributeList.inline([])
    /// Remarks that are not part of the digest.
    package var flags: EntryFlags = []

    /// Of a directory end: the number of entries below the directory, without ends.
    package var entryCount: UInt64 = 0
    /// Of a directory end: the sizes of the regular files below, added up.
    package var contentBytes: UInt64 = 0
    /// Of a directory end: the digest of what is below, by names, metadata and content.
    package var subtreeDigest: Digest?

    /// Optional fields that this version only carries along, those of sync among them.
    package var preservedFields = UnknownFields()

    /// An entry of a kind with all else zero or empty.
    package init(path: [UInt8], kind: EntryKind) {
        self.path = path
        self.kind = kind
    }

    /// The last component of the path.
    package var name: ArraySlice<UInt8> {
        guard let slash = path.lastIndex(of: PathOrder.separator) else { return path[...] }
        return path[(slash + 1)...]
    }
}
