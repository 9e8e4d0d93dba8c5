internal import Records

/// One entry of a leaf, not decoded yet.
struct LeafItem {
    /// How many bytes of its path are those of the path before.
    var shared: Int
    /// The other bytes of its path.
    var rest: ArraySlice<UInt8>
    var kind: EntryKind
    /// The encoded fields.
    var fields: ArraySlice<UInt8>
}

/// Reads the entries of a leaf one after another.
struct LeafPage {
    /// The fewest bytes of an entry: two lengths, the kind, no fields.
    private static let shortestItem = 4

    /// What the page should be.
    let claims: PageClaims
    private var reader: ByteReader
    private var remaining: UInt64
    private var isFirst = true
    /// Entries that were counted.
    private(set) var entries: UInt64 = 0
    /// The sizes of regular files among them, added up.
    private(set) var contentBytes: UInt64 = 0
    /// Whether no entry was passed over, so that the sums mean something.
    private(set) var isWhole = true

    /// Whether all entries have been read.
    var isAtEnd: Bool { remaining == 0 }

    /// Checks the header and the first entry of a page.
    init(_ page: [UInt8], claims: PageClaims) throws {
        self.claims = claims
        reader = ByteReader(page, what: "manifest page")
        remaining = try PageHeader.read(&reader, level: 0, shortestItem: Self.shortestItem)
        guard remaining > 0 || claims.first == nil else { throw ManifestError(.malformed, "the page has no entries") }
        if remaining == 0 { try reader.requireEnd() }
        var ahead = self
        if let item = try ahead.next() { try claims.requireFirst(item.rest, item.kind) }
    }

    /// The next entry, or nil after the last.
    mutating func next() throws -> LeafItem? {
        guard remaining > 0 else { return nil }
        let shared = try reader.varint()
        guard shared <= (isFirst ? 0 : UInt64(PathOrder.longestPath)) else {
            throw ManifestError(.malformed, "a path shares \(shared) bytes with the one before, which cannot be")
        }
        let rest = try reader.countedBytes()
        let kind = try EntryKind(from: &reader)
        let fields = try reader.countedBytes()
        isFirst = false
        remaining -= 1
        if remaining == 0 { try reader.requireEnd() }
        return LeafItem(shared: Int(shared), rest: rest, kind: kind, fields: fields)
    }

    /// Adds an entry that was read to the sums.
    mutating func count(entries: UInt64, contentBytes: UInt64) throws {
        self.entries += entries
        self.contentBytes = try checkedSum(self.contentBytes, contentBytes, "the size of the content of a page")
    }

    /// Says that an entry was passed over.
    mutating func skip() { isWhole = false }

    /// Throws `.countMismatch` if all entries were counted and are not what is claimed.
    func requireSums() throws {
        guard isWhole else { return }
        try claims.requireSums(entries: entries, contentBytes: contentBytes)
    }
}
