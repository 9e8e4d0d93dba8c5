import Cryptography
import Records
import Snapshots

/// Writes pages without any of the checks of the builder, as a forger would.
enum ForgedPage {
    struct Item {
        var path: [UInt8]
        var kind: UInt8
        var fields: [UInt8] = []
        /// Overrides the number of bytes shared with the path before.
        var shared: UInt64?
    }

    struct Child {
        var path: [UInt8]
        var kind: UInt8 = 3
        var id: ChunkID
        var entries: UInt64 = 1
        var contentBytes: UInt64 = 0
        var digest: Digest = .zero
    }

    static func leaf(_ items: [Item], level: UInt8 = 0, count: UInt64? = nil) -> [UInt8] {
        var page: [UInt8] = [1, level]
        Varint.append(count ?? UInt64(items.count), to: &page)
        var last: [UInt8] = []
        for (index, item) in items.enumerated() {
            appendPath(item.path, after: index == 0 ? [] : last, shared: item.shared, to: &page)
            page.append(item.kind)
            Varint.append(UInt64(item.fields.count), to: &page)
            page += item.fields
            last = item.path
        }
        return page
    }

    static func inner(_ children: [Child], level: UInt8, count: UInt64? = nil) -> [UInt8] {
        var page: [UInt8] = [1, level]
        Varint.append(count ?? UInt64(children.count), to: &page)
        var last: [UInt8] = []
        for child in children {
            appendPath(child.path, after: last, shared: nil, to: &page)
            page.append(child.kind)
            child.id.append(to: &page)
            Varint.append(child.entries, to: &page)
            Varint.append(child.contentBytes, to: &page)
            child.digest.append(to: &page)
            page.append(0)
            last = child.path
        }
        return page
    }

    private static func appendPath(_ path: [UInt8], after last: [UInt8], shared: UInt64?, to page: inout [UInt8]) {
        let common = zip(path, last).prefix { $0 == $1 }.count
        Varint.append(shared ?? UInt64(common), to: &page)
        Varint.append(UInt64(path.count - common), to: &page)
        page += path[common...]
    }

    /// Fields of an end that claims the given counts.
    static func endFields(entries: UInt64, bytes: UInt64 = 0, digest: Digest = .zero) -> [UInt8] {
        var writer = FieldWriter()
        writer.integer(31, entries)
        writer.integer(33, bytes)
        writer.digest(35, digest)
        return writer.bytes
    }

    /// Fields of a file of holes, or with one extent.
    static func fileFields(size: UInt64, extents: [UInt8], isSparse: Bool = false) -> [UInt8] {
        var writer = FieldWriter()
        writer.integer(11, size)
        if !isSparse { writer.digest(13, Digest.numbered(1)) }
        writer.bytes(15, extents)
        if isSparse { writer.digest(43, Digest.numbered(1)) }
        return writer.bytes
    }

    static func hole(_ length: UInt64) -> [UInt8] {
        var bytes: [UInt8] = [0]
        Varint.append(length, to: &bytes)
        return bytes
    }
}
