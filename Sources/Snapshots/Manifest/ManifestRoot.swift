package import Cryptography
package import Records

/// What a commit says of the manifest that it points to.
package struct ManifestRoot: Hashable, Sendable {
    /// The root page.
    package var id: ChunkID
    /// Its level: 0 for a leaf, at most 7.
    package var level: Int
    /// The digest of the root page: equal for equal entries, however they are stored.
    package var digest: Digest
    /// The number of entries, without directory ends.
    package var entryCount: UInt64
    /// The sizes of all regular files, added up.
    package var contentBytes: UInt64

    /// Puts the parts together.
    package init(id: ChunkID, level: Int, digest: Digest, entryCount: UInt64, contentBytes: UInt64) {
        self.id = id
        self.level = level
        self.digest = digest
        self.entryCount = entryCount
        self.contentBytes = contentBytes
    }
}

/// What a page of the manifest says of one below it: where it is, and what it holds.
struct PageSummary {
    /// The path of its first entry.
    var firstPath: [UInt8]
    /// The kind of its first entry.
    var firstKind: EntryKind
    /// The page itself.
    var id: ChunkID
    /// The number of entries in and below it, without directory ends.
    var entries: UInt64
    /// The sizes of their regular files, added up.
    var contentBytes: UInt64
    /// The digest of what they are.
    var digest: Digest
}
