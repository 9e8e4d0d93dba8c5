internal import Cryptography
internal import Records

/// Reads the children of an inner page one after another, the next one ahead.
final class InnerPage {
    /// The fewest bytes of a child: lengths (its path may be that of the one before), kind, id, sums, digest, no fields.
    private static let shortestItem = 3 + 2 * Digest.byteCount + 3

    /// The level, 1 or above.
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
            let kind = try EntryKind(from: &reader)
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
