internal import Cryptography
internal import Records

/// What a page must be, because a commit or the page above says so; nil where nothing is said.
struct PageClaims {
    /// The page itself.
    var id: ChunkID
    /// Its level; 0 for a leaf.
    var level: Int
    /// The place of its first entry.
    var first: (path: [UInt8], kind: EntryKind)?
    /// The number of entries in and below it, without directory ends.
    var entries: UInt64?
    /// The sizes of their regular files, added up.
    var contentBytes: UInt64?
    /// The digest of what they are.
    var digest: Digest?

    /// What is known of a root page by its builder.
    init(root: ManifestRoot) {
        id = root.id
        level = root.level
        entries = root.entryCount
        contentBytes = root.contentBytes
        digest = root.digest
    }

    /// What a commit says of a root page.
    init(id: ChunkID, level: Int, digest: Digest?) {
        self.id = id
        self.level = level
        self.digest = digest
    }

    /// What the page above says.
    init(child: PageSummary, level: Int) {
        id = child.id
        self.level = level
        first = (child.firstPath, child.firstKind)
        entries = child.entries
        contentBytes = child.contentBytes
        digest = child.digest
    }

    /// Throws `.malformed` unless the page begins with the entry that it should begin with.
    func requireFirst(_ path: some Collection<UInt8>, _ kind: EntryKind) throws {
        guard let first else { return }
        guard first.kind == kind, path.elementsEqual(first.path) else {
            throw ManifestError(
                .malformed,
                "the page begins with \(printable(path)), and the page above says \(printable(first.path))"
            )
        }
    }

    /// Throws `.countMismatch` unless the sums of the page are those that it should have.
    func requireSums(entries: UInt64, contentBytes: UInt64) throws {
        guard self.entries ?? entries == entries, self.contentBytes ?? contentBytes == contentBytes else {
            throw ManifestError(
                .countMismatch,
                "the page holds \(entries) entries with \(contentBytes) bytes of content, and what refers to it says "
                    + "\(self.entries ?? entries) with \(self.contentBytes ?? contentBytes)"
            )
        }
    }

    /// Throws `.digestMismatch` unless the digest is the one that the page should have.
    func requireDigest(_ digest: Digest) throws {
        guard self.digest ?? digest == digest else {
            throw ManifestError(.digestMismatch, "the digest of the page is not the one that what refers to it says")
        }
    }
}
