internal import Cryptography
internal import Records

/// What a page must be, because a commit or the page above says so; nil where nothing is said.
struct PageClaims {
    var id: ChunkID
    var level: Int
    var first: (path: [UInt8], kind: EntryKind)?
    var entries: UInt64?
    var contentBytes: UInt64?
    var digest: Digest?

    init(root: ManifestRoot) {
        id = root.id
        level = root.level
        entries = root.entryCount
        contentBytes = root.contentBytes
        digest = root.digest
    }

    init(id: ChunkID, level: Int, digest: Digest?) {
        self.id = id
        self.level = level
        self.digest = digest
    }

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

/// The start of every page: version, level and number of items.
enum PageHeader {
    /// Reads it and returns the number of items, which the rest of the page is long enough for.
    static func read(_ reader: inout ByteReader, level: Int, shortestItem: Int) throws -> UInt64 {
        let version = try reader.u8()
        guard version == 1 else {
            throw ManifestError(
                .unsupported,
                "the page is of version \(version), which this program does not know; use a newer version"
            )
        }
        let actual = try reader.u8()
        guard Int(actual) == level else {
            throw ManifestError(.levelMismatch, "the page is of level \(actual), where one of level \(level) is expected")
        }
        let count = try reader.varint()
        guard count <= UInt64(reader.remaining / shortestItem) else {
            throw ManifestError(.malformed, "the page claims \(count) items in \(reader.remaining) bytes")
        }
        return count
    }
}

/// One entry of a leaf, not decoded yet.
struct LeafItem {
    var shared: Int
    var rest: ArraySlice<UInt8>
    var kind: EntryKind
    var fields: ArraySlice<UInt8>
}

/// Reads the entries of a leaf one after another.
struct LeafPage {
    /// The fewest bytes of an entry: two lengths, the kind, no fields.
    private static let shortestItem = 4

    let claims: PageClaims
    private var reader: ByteReader
    private var remaining: UInt64
    private var isFirst = true
    private var entries: UInt64 = 0
    private var contentBytes: UInt64 = 0
    /// Whether no entry was passed over, so that the sums mean something.
    private(set) var isWhole = true

    /// Whether all entries have been read.
    var isAtEnd: Bool { remaining == 0 }

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
        let kind = try readKind(&reader)
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

/// The kind of an entry; an unknown one is of a later version.
private func readKind(_ reader: inout ByteReader) throws -> EntryKind {
    let raw = try reader.u8()
    guard let kind = EntryKind(rawValue: raw) else {
        throw ManifestError(.unsupported, "an entry is of kind \(raw), which this version does not know")
    }
    return kind
}

/// Reads the children of an inner page one after another, the next one ahead.
final class InnerPage {
    /// The fewest bytes of a child: lengths (its path may be that of the one before), kind, id, sums, digest, no fields.
    private static let shortestItem = 3 + 2 * Digest.byteCount + 3

    let level: Int
    private var children: Children
    /// The child that is next, or nil after the last.
    private(set) var next: PageSummary?

    /// Checks order and sums of all children against each other and the claims before one is used.
    init(_ page: [UInt8], claims: PageClaims) throws {
        level = claims.level
        children = try Children(page, level: claims.level)
        try Self.check(children, claims)
        next = try children.next()
    }

    /// Moves on to the next child and returns the one before it.
    func takeNext() throws -> PageSummary? {
        let taken = next
        next = try children.next()
        return taken
    }

    private static func check(_ children: Children, _ claims: PageClaims) throws {
        var children = children
        let chain = try DigestChain()
        var last: PageSummary?
        var entries: UInt64 = 0
        var contentBytes: UInt64 = 0
        while let child = try children.next() {
            if let last {
                guard PathOrder.compare(last.firstPath, last.firstKind, child.firstPath, child.firstKind) < 0 else {
                    throw ManifestError(
                        .outOfOrder,
                        "the child page of \(printable(child.firstPath)) stands after that of \(printable(last.firstPath))"
                    )
                }
            } else {
                try claims.requireFirst(child.firstPath, child.firstKind)
            }
            entries = try checkedSum(entries, child.entries, "the number of entries of a page")
            contentBytes = try checkedSum(contentBytes, child.contentBytes, "the size of the content of a page")
            try chain.add(child.digest)
            last = child
        }
        guard last != nil else { throw ManifestError(.malformed, "the page has no children") }
        try claims.requireSums(entries: entries, contentBytes: contentBytes)
        try claims.requireDigest(try chain.finish())
    }

    /// A pass over the children.
    private struct Children {
        var reader: ByteReader
        var remaining: UInt64
        var path: [UInt8] = []

        init(_ page: [UInt8], level: Int) throws {
            reader = ByteReader(page, what: "manifest page")
            remaining = try PageHeader.read(&reader, level: level, shortestItem: InnerPage.shortestItem)
        }

        mutating func next() throws -> PageSummary? {
            guard remaining > 0 else { return nil }
            let shared = try reader.varint()
            guard shared <= UInt64(path.count) else {
                throw ManifestError(.malformed, "a path shares \(shared) bytes with one of \(path.count) before it")
            }
            path.removeSubrange(Int(shared)...)
            path.append(contentsOf: try reader.countedBytes())
            try PathOrder.validate(path)
            let kind = try readKind(&reader)
            let child = PageSummary(
                firstPath: path,
                firstKind: kind,
                id: try reader.digest(),
                entries: try reader.varint(),
                contentBytes: try reader.varint(),
                digest: try reader.digest()
            )
            try skipFields(try reader.countedBytes())
            remaining -= 1
            if remaining == 0 { try reader.requireEnd() }
            return child
        }

        /// Version 1 has no fields here: optional ones are passed over, critical ones refused.
        private func skipFields(_ bytes: ArraySlice<UInt8>) throws {
            guard !bytes.isEmpty else { return }
            var fields = FieldReader(bytes, what: "child page")
            var unknown = UnknownFields()
            while let field = try fields.next() { try field.requireKnown("child page", keep: &unknown) }
        }
    }
}
