import Cryptography
import FileSystem
import Records
import Repository
import Snapshots

/// Files that use chunks of given ids, or chunks that lie in given packs.
struct ChunkSearch {
    private let blobs: [HexPrefix]
    private let packs: Set<ObjectHash>
    private let opened: OpenSnapshot

    /// Looks in one snapshot.
    ///
    /// - Parameters:
    ///   - ids: the first digits of ids, at least 4 each.
    ///   - arePacks: whether they are ids of packs.
    /// - Throws: `UsageError` for what is no id, or names no pack.
    init(_ ids: [String], arePacks: Bool, in opened: OpenSnapshot) throws {
        self.opened = opened
        let prefixes = try ids.map(HexPrefix.init)
        guard arePacks else {
            (blobs, packs) = (prefixes, [])
            return
        }
        blobs = []
        let names = opened.index.packs().map(\.name)
        packs = Set(names.filter { name in prefixes.contains { $0.fits(name) } })
        guard !packs.isEmpty else { throw UsageError("the index knows no such pack: holdfast list packs shows them") }
    }

    /// Whether an entry uses one of the chunks.
    func fits(_ entry: Entry) throws -> Bool {
        if case .stored(hash: _, let extents, byteCount: _) = entry.attributes {
            for extent in extents where try fits(extent) { return true }
        }
        guard entry.kind == .regular else { return false }
        var extents = ExtentReader(entry, source: opened.pages)
        while let extent = try extents.next() {
            if try fits(extent) { return true }
        }
        return false
    }

    private func fits(_ extent: Extent) throws -> Bool {
        guard case .chunk(let id, offset: _, length: _) = extent else { return false }
        if !packs.isEmpty { return try opened.index.locations(of: id).contains { packs.contains($0.pack) } }
        return blobs.contains { $0.fits(id) }
    }
}

/// The first digits of an id.
private struct HexPrefix {
    private let digits: String

    init(_ text: String) throws {
        digits = text.lowercased()
        guard (4...64).contains(digits.count), digits.allSatisfy(\.isHexDigit) else {
            throw UsageError("\"\(safeLine(text))\" is no id: give at least 4 of its hexadecimal digits")
        }
    }

    func fits(_ digest: Digest) -> Bool { digest.hex.hasPrefix(digits) }
}
