import Cryptography
import Records

@testable import Repository
@testable import Snapshots

/// Turns arbitrary bytes into pages of manifests and extents that refer to each other.
///
/// An input cannot know hashes, so ids stand in it as numbers of earlier pages, and what pages say of each other (first
/// paths, counts, digests, sizes and hashes of contents) is set right unless a flag says that it stays as it is. All else
/// stays: paths, kinds, fields, and whatever cannot be understood.
struct PageForge {
    /// What a page is: the low bits of the first byte of its part of the input.
    enum Kind: UInt8 {
        case manifest = 0
        case extents = 1
        case data = 2
    }

    /// The other bits of that byte: each keeps something from being set right.
    enum Flag {
        static let claims: UInt8 = 4
        static let ends: UInt8 = 8
        static let contents: UInt8 = 16
    }

    /// A page that was made.
    struct Page {
        var kind: Kind
        var id: ChunkID
        var bytes: [UInt8]
        var level = 0
        /// Of a manifest page: what a parent should say of it, if it could be understood.
        var summary: PageSummary?
        /// Of a page of extents: all extents in and below it.
        var extents: [Extent] = []
    }

    /// Longest content that is hashed, bytes.
    private static let longestContent: UInt64 = 1 << 20

    /// Names a page, and keeps it where a reader will look.
    private let store: ([UInt8], ChunkType) throws -> ChunkID
    private(set) var pages: [Page] = []
    private var open = OpenDirectories(digests: true)
    private var path: [UInt8] = []

    init(store: @escaping ([UInt8], ChunkType) throws -> ChunkID) { self.store = store }

    /// The pages of a kind, in order.
    func pages(_ kind: Kind) -> [Page] { pages.filter { $0.kind == kind } }

    /// Makes the next page from a part of an input.
    mutating func add(_ part: [UInt8]) throws {
        let head = part.first ?? 0
        let body = part.dropFirst()
        switch Kind(rawValue: head & 3) ?? .data {
        case .data:
            pages.append(Page(kind: .data, id: try store(Array(body), .data), bytes: Array(body)))
        case .extents:
            var page = Page(kind: .extents, id: .zero, bytes: [])
            page.bytes = try extentPage(body, head, &page)
            page.id = try store(page.bytes, .extentPage)
            pages.append(page)
        case .manifest:
            var page = Page(kind: .manifest, id: .zero, bytes: [])
            page.bytes = try manifestPage(body, head, &page)
            page.id = try store(page.bytes, .manifestPage)
            page.summary?.id = page.id
            pages.append(page)
        }
    }

    /// The page that an id of the input stands for.
    private func page(_ kind: Kind, _ id: Digest) -> Page? {
        let candidates = pages(kind)
        return candidates.isEmpty ? nil : candidates[Int(id.bytes[0]) % candidates.count]
    }

    // MARK: Extents

    private func extentPage(_ body: ArraySlice<UInt8>, _ flags: UInt8, _ page: inout Page) throws -> [UInt8] {
        var reader = ByteReader(body, what: "input")
        var output: [UInt8] = []
        do {
            output.append(try reader.u8())
            page.level = Int(try reader.u8())
            output.append(UInt8(page.level))
            Varint.append(try reader.varint(), to: &output)
            while !reader.isAtEnd {
                if page.level == 0 {
                    page.extents.append(try extent(&reader, to: &output))
                    continue
                }
                var id = try reader.digest()
                var length = try reader.varint()
                if let child = self.page(.extents, id) {
                    id = child.id
                    if flags & Flag.claims == 0 { length = child.extents.reduce(0) { $0 &+ $1.length } }
                    // Bounded, since a page may stand in another many times over.
                    if page.extents.count < 4096 { page.extents += child.extents }
                }
                id.append(to: &output)
                Varint.append(length, to: &output)
            }
        } catch is RecordError {
            output += try reader.bytes(reader.remaining)
        }
        return output
    }

    private func extent(_ reader: inout ByteReader, to output: inout [UInt8]) throws -> Extent {
        let type = try reader.u8()
        output.append(type)
        guard type != 0 else {
            let length = try reader.varint()
            Varint.append(length, to: &output)
            return .hole(length: length)
        }
        var id = try reader.digest()
        if let data = page(.data, id) { id = data.id }
        id.append(to: &output)
        let offset = try reader.varint()
        Varint.append(offset, to: &output)
        let length = try reader.varint()
        Varint.append(length, to: &output)
        return .chunk(id, offset: offset, length: length)
    }

    private func extents(_ value: ArraySlice<UInt8>) -> (extents: [Extent], bytes: [UInt8]) {
        var reader = ByteReader(value, what: "input")
        var output: [UInt8] = []
        var extents: [Extent] = []
        while !reader.isAtEnd {
            guard let next = try? extent(&reader, to: &output) else {
                output += (try? reader.bytes(reader.remaining)) ?? []
                break
            }
            extents.append(next)
        }
        return (extents, output)
    }

    // MARK: Manifest pages

    private mutating func manifestPage(
        _ body: ArraySlice<UInt8>,
        _ flags: UInt8,
        _ page: inout Page
    ) throws -> [UInt8] {
        var reader = ByteReader(body, what: "input")
        var output: [UInt8] = []
        do {
            output.append(try reader.u8())
            page.level = Int(try reader.u8())
            output.append(UInt8(page.level))
            Varint.append(try reader.varint(), to: &output)
            var builder = SummaryBuilder(chain: try DigestChain())
            if page.level == 0 { path = [] }
            var last: [UInt8] = []
            while !reader.isAtEnd {
                if page.level == 0 {
                    try entry(&reader, flags, &builder, to: &output)
                } else {
                    try child(&reader, flags, &builder, &last, to: &output)
                }
            }
            page.summary = try builder.summary()
        } catch is RecordError {
            output += try reader.bytes(reader.remaining)
        }
        return output
    }

    /// Adds up what a parent says of a page.
    private struct SummaryBuilder {
        var first: (path: [UInt8], kind: EntryKind)?
        var entries: UInt64 = 0
        var contentBytes: UInt64 = 0
        let chain: DigestChain

        mutating func add(_ path: [UInt8], _ kind: EntryKind, _ entries: UInt64, _ bytes: UInt64, _ digest: Digest)
            throws
        {
            if first == nil { first = (path, kind) }
            self.entries &+= entries
            contentBytes &+= bytes
            try chain.add(digest)
        }

        func summary() throws -> PageSummary? {
            let digest = try chain.finish()
            return PageSummary(
                firstPath: first?.path ?? [],
                firstKind: first?.kind ?? .regular,
                id: .zero,
                entries: entries,
                contentBytes: contentBytes,
                digest: digest
            )
        }
    }

    private func child(
        _ reader: inout ByteReader,
        _ flags: UInt8,
        _ builder: inout SummaryBuilder,
        _ last: inout [UInt8],
        to output: inout [UInt8]
    ) throws {
        let shared = min(try reader.varint(), UInt64(last.count))
        var path = Array(last[..<Int(shared)]) + (try reader.countedBytes())
        var kind = try reader.u8()
        var id = try reader.digest()
        var entries = try reader.varint()
        var contentBytes = try reader.varint()
        var digest = try reader.digest()
        if let child = page(.manifest, id) {
            id = child.id
            if flags & Flag.claims == 0, let summary = child.summary {
                path = summary.firstPath
                kind = summary.firstKind.rawValue
                (entries, contentBytes, digest) = (summary.entries, summary.contentBytes, summary.digest)
            }
        }
        let common = PathOrder.sharedPrefix(last, path)
        Varint.append(UInt64(common), to: &output)
        Varint.append(UInt64(path.count - common), to: &output)
        output += path[common...]
        output.append(kind)
        id.append(to: &output)
        Varint.append(entries, to: &output)
        Varint.append(contentBytes, to: &output)
        digest.append(to: &output)
        let fields = try reader.countedBytes()
        Varint.append(UInt64(fields.count), to: &output)
        output += fields
        try builder.add(path, EntryKind(rawValue: kind) ?? .regular, entries, contentBytes, digest)
        last = path
    }

    private mutating func entry(
        _ reader: inout ByteReader,
        _ flags: UInt8,
        _ builder: inout SummaryBuilder,
        to output: inout [UInt8]
    ) throws {
        let shared = try reader.varint()
        let rest = try reader.countedBytes()
        let rawKind = try reader.u8()
        let given = try reader.countedBytes()
        let kind = EntryKind(rawValue: rawKind) ?? .regular
        path = Array(path.prefix(Int(min(shared, UInt64(path.count))))) + rest
        var size: UInt64 = 0
        let sums = kind == .directoryEnd ? open.pop() : nil
        let endDigest = try sums?.digest() ?? .zero
        let fields: [UInt8]
        if kind == .directoryEnd {
            fields = flags & Flag.ends == 0 ? endFields(given, sums, endDigest) : Array(given)
        } else {
            fields = rewritten(given, isRegular: kind == .regular, setsContents: flags & Flag.contents == 0, &size)
        }
        Varint.append(shared, to: &output)
        Varint.append(UInt64(rest.count), to: &output)
        output += rest
        output.append(rawKind)
        Varint.append(UInt64(fields.count), to: &output)
        output += fields
        if kind == .directoryEnd {
            try builder.add(path, kind, 0, 0, endDigest)
            try open.add(endDigest)
            try? open.count(entries: sums?.entries ?? 0, contentBytes: sums?.contentBytes ?? 0)
            return
        }
        var digester = try EntryDigester()
        let name = Entry(path: path, kind: kind).name
        let digest = (try? digester.digest(kind, name: name, fields: fields[...])) ?? .zero
        try builder.add(path, kind, 1, size, digest)
        try? open.count(entries: 1, contentBytes: size)
        try open.add(digest)
        if kind == .directory { try open.push() }
    }

    private func endFields(_ given: ArraySlice<UInt8>, _ sums: OpenDirectories.Sums?, _ digest: Digest) -> [UInt8] {
        var list = FieldList(given)
        list.set(EntryTag.entryCount, integer: sums?.entries ?? 0)
        list.set(EntryTag.contentBytes, integer: sums?.contentBytes ?? 0)
        list.set(EntryTag.subtreeDigest, value: digest.bytes)
        return list.encoded()
    }

    /// Fields with the right ids and, for a file, the size and the hash of what the extents give.
    private func rewritten(
        _ given: ArraySlice<UInt8>,
        isRegular: Bool,
        setsContents: Bool,
        _ size: inout UInt64
    ) -> [UInt8] {
        var list = FieldList(given)
        var content: [Extent]?
        if let value = list.value(EntryTag.extents) {
            let (extents, bytes) = extents(value[...])
            list.set(EntryTag.extents, value: bytes)
            content = extents
        }
        if let value = list.value(EntryTag.extentTree) {
            var tree = FieldList(value[...])
            if let id = tree.value(1).flatMap(Digest.init), let page = page(.extents, id) {
                tree.set(1, value: page.id.bytes)
                if setsContents { tree.set(3, integer: UInt64(page.level)) }
                content = page.extents
            }
            list.set(EntryTag.extentTree, value: tree.encoded())
        }
        if let value = list.value(EntryTag.storedAttributes) {
            var stored = FieldList(value[...])
            let (extents, bytes) = extents((stored.value(3) ?? [])[...])
            stored.set(3, value: bytes)
            if setsContents, let content = plain(extents), let hash = try? sha256(content) {
                stored.set(1, value: hash.bytes)
                stored.set(5, integer: UInt64(content.count))
            }
            list.set(EntryTag.storedAttributes, value: stored.encoded())
        }
        if isRegular, setsContents, let content { set(content, &list) }
        size =
            list.value(EntryTag.size).flatMap { value in
                var reader = ByteReader(value, what: "input")
                return try? reader.varint()
            } ?? 0
        return list.encoded()
    }

    private func set(_ content: [Extent], _ list: inout FieldList) {
        let length = content.reduce(UInt64(0)) { $0 &+ $1.length }
        list.set(EntryTag.size, integer: length)
        guard let hash = hash(content) else { return }
        let isSparse = content.contains(where: \.isHole)
        list.set(EntryTag.contentHash, value: isSparse ? [] : hash.bytes)
        list.set(EntryTag.sparseHash, value: isSparse ? hash.bytes : [])
    }

    /// The bytes of extents without holes; nil if they are too many, or not all there.
    private func plain(_ extents: [Extent]) -> [UInt8]? {
        var bytes: [UInt8] = []
        for extent in extents {
            guard case .chunk(let id, let offset, let length) = extent,
                let data = pages.first(where: { $0.kind == .data && $0.id == id })?.bytes,
                offset <= UInt64(data.count), length <= UInt64(data.count) - offset,
                UInt64(bytes.count) + length <= Self.longestContent
            else { return nil }
            bytes += data[Int(offset)..<Int(offset + length)]
        }
        return bytes
    }

    private func hash(_ extents: [Extent]) -> Digest? {
        guard extents.contains(where: \.isHole) else { return plain(extents).flatMap { try? sha256($0) } }
        var bytes = SparseHash.prefix
        var rest = extents[...]
        while let first = rest.first {
            let run = rest.prefix { $0.isHole == first.isHole }
            rest = rest.dropFirst(run.count)
            bytes += SparseHash.head(isHole: first.isHole, length: run.reduce(0) { $0 &+ $1.length })
            guard !first.isHole else { continue }
            guard let data = plain(Array(run)) else { return nil }
            bytes += data
        }
        return try? sha256(bytes)
    }
}
