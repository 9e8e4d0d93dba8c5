internal import Cryptography
internal import Records

/// Where a writer ends a page (format.md §12): after entries that a hash of their path and kind picks.
///
/// Pages of two snapshots thus align, whatever else changed in them.
struct PageBoundary: ~Copyable {
    /// A leaf of so many bytes ends, whatever its last entry is.
    static let longestLeaf = 128 << 10
    /// So does a leaf of so many entries.
    static let mostLeafEntries = 4_096
    /// An inner page of so many children ends.
    static let mostChildren = 1_024
    /// The highest level of a manifest page: eight levels with the leaves.
    static let highestLevel = Int(PageReference.maximumLevel)

    private static let prefix = Array("holdfast/v1/page\0".utf8)
    private var message: [UInt8] = prefix
    private var hash: SHA256

    /// A boundary that is asked for one entry after another.
    init() throws {
        hash = try SHA256()
    }

    /// The number h that decides whether pages end after the entry.
    mutating func mark(_ path: [UInt8], _ kind: EntryKind) throws -> UInt64 {
        message.removeSubrange(Self.prefix.count...)
        message.append(kind.rawValue)
        message.append(contentsOf: path)
        let bytes = message
        try unsafe hash.update(bytes.span.bytes)
        // The format reads these eight bytes as a little-endian integer.
        return try hash.finalize().prefix64.byteSwapped
    }

    /// Whether a page of the level ends after an entry, or the child that it is the last of, with that number.
    static func ends(level: Int, after mark: UInt64) -> Bool {
        mark & ((1 << UInt64(8 + 6 * level)) - 1) == 0
    }
}
