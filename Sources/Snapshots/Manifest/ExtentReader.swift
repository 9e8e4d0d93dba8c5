internal import Cryptography
internal import Records
internal import Repository

/// Reads the extents of a file's content in order, from the entry or from a tree of pages.
///
/// Memory is one page per level. That lengths add up, in all and for each page, is checked on the way; for a tree, a
/// consumer must read to the end to know.
package struct ExtentReader {
    /// An extent page that has been entered.
    private struct Page {
        var reader: ByteReader
        var remaining: UInt64
        let level: Int
        /// The bytes of content that the items left must add up to.
        var length: UInt64
    }

    private let source: any ChunkSource
    private var inline: ArraySlice<Extent> = []
    private var pages: [Page] = []
    private var root: (id: ChunkID, level: Int)?
    /// Whether the content must have holes, as its hash says; nil if nothing says so.
    private var expectsHoles: Bool?
    private var hasHoles = false
    /// The bytes of content that have not been returned yet.
    package private(set) var remainingLength: UInt64

    /// Starts at the first extent of the content of an entry; loads nothing yet.
    package init(_ entry: Entry, source: any ChunkSource) {
        self.init(entry.content, size: entry.size, source: source)
        if entry.kind == .regular { expectsHoles = entry.sparseHash != nil }
    }

    /// Starts at the first extent of a content of so many bytes; loads nothing yet.
    package init(_ content: Content, size: UInt64, source: any ChunkSource) {
        self.source = source
        remainingLength = size
        switch content {
        case .none: break
        case .inline(let extents): inline = extents[...]
        case .tree(let id, let level): root = (id, level)
        }
    }

    /// The next extent, or nil after the last; throws a ``ManifestError`` or what the source throws.
    package mutating func next() throws -> Extent? {
        guard let extent = try nextUnchecked() else {
            guard remainingLength == 0 else {
                throw ManifestError(.countMismatch, "\(remainingLength) bytes of a file's content have no extent")
            }
            guard hasHoles == expectsHoles ?? hasHoles else {
                throw ManifestError(
                    .invalidEntry,
                    hasHoles
                        ? "a file has holes, and the hash of a file without"
                        : "a file has no holes, and the hash of a file with holes"
                )
            }
            return nil
        }
        guard extent.length <= remainingLength else {
            throw ManifestError(.countMismatch, "the extents of a file are longer than its size")
        }
        remainingLength -= extent.length
        if extent.isHole { hasHoles = true }
        return extent
    }

    private mutating func nextUnchecked() throws -> Extent? {
        if let extent = inline.popFirst() {
            try extent.validate()
            return extent
        }
        if let first = root {
            root = nil
            guard (0...ExtentPage.highestLevel).contains(first.level) else {
                throw ManifestError(.levelMismatch, "the extent page \(first.id) is of level \(first.level)")
            }
            try enter(first.id, level: first.level, length: remainingLength)
        }
        while var page = pages.popLast() {
            guard page.remaining > 0 else {
                guard page.length == 0 else {
                    throw ManifestError(.countMismatch, "an extent page lacks \(page.length) bytes of its content")
                }
                continue
            }
            page.remaining -= 1
            if let extent = try readItem(&page) { return extent }
        }
        return nil
    }

    /// Reads an extent, or enters a child page and returns nil.
    private mutating func readItem(_ page: inout Page) throws -> Extent? {
        do {
            if page.level == 0 {
                let extent = try ExtentCoding.read(from: &page.reader)
                try Self.take(extent.length, from: &page)
                pages.append(page)
                return extent
            }
            let child = try page.reader.digest()
            let length = try page.reader.varint()
            guard length > 0 else { throw ManifestError(.malformed, "an extent page has a child of no length") }
            try Self.take(length, from: &page)
            pages.append(page)
            try enter(child, level: page.level - 1, length: length)
            return nil
        } catch let error as RecordError {
            throw ManifestError(.malformed, error.message)
        }
    }

    private static func take(_ length: UInt64, from page: inout Page) throws {
        guard length <= page.length else {
            throw ManifestError(.countMismatch, "an extent page holds more than the \(page.length) bytes left of it")
        }
        page.length -= length
        if page.remaining == 0 { try page.reader.requireEnd() }
    }

    private mutating func enter(_ id: ChunkID, level: Int, length: UInt64) throws {
        let bytes = try source.load(id, type: .extentPage)
        do {
            var reader = ByteReader(bytes, what: "extent page")
            let shortestItem = level == 0 ? ExtentCoding.shortestEncoding : Digest.byteCount + 1
            let count = try PageHeader.read(&reader, level: level, shortestItem: shortestItem)
            guard count > 0 else { throw ManifestError(.malformed, "the page is empty") }
            pages.append(Page(reader: reader, remaining: count, level: level, length: length))
        } catch let error as ManifestError {
            throw ManifestError(error.code, "extent page \(id): \(error.message)")
        } catch let error as RecordError {
            throw ManifestError(.malformed, "extent page \(id): \(error.message)")
        }
    }
}
