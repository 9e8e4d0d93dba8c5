internal import Cryptography
internal import Records

extension Entry {
    /// What all entries of one hard-link group have in common (format.md §12.1): the SHA-256 of kind and fields, but for
    /// those that this version only carries along.
    ///
    /// - Throws: only if the library fails.
    func inodeDigest() throws -> Digest {
        var bare = self
        bare.preservedFields = UnknownFields()
        var message = [kind.rawValue]
        try bare.appendFields(to: &message)
        return try unsafe SHA256.hash(message.span.bytes)
    }
}

/// What tells a hard-link group, and the entries in it that are what they should be: all the same.
struct InodeKey: Hashable, Sendable {
    /// The group's number in the snapshot.
    let group: UInt64
    /// What its entries have in common.
    let digest: Digest

    /// The key of an entry; nil for one that is in no group.
    init?(_ entry: Entry) throws {
        guard entry.hardLinkGroup != 0 else { return nil }
        group = entry.hardLinkGroup
        digest = try entry.inodeDigest()
    }
}
