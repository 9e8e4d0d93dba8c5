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
    var firstPath: [UInt8]
    var firstKind: EntryKind
    var id: ChunkID
    var entries: UInt64
    var contentBytes: UInt64
    var digest: Digest
}
