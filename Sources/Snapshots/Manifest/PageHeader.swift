internal import Records

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
            throw ManifestError(
                .levelMismatch,
                "the page is of level \(actual), where one of level \(level) is expected"
            )
        }
        let count = try reader.varint()
        guard count <= UInt64(reader.remaining / shortestItem) else {
            throw ManifestError(.malformed, "the page claims \(count) items in \(reader.remaining) bytes")
        }
        return count
    }
}

extension EntryKind {
    /// Reads a kind; an unknown one is of a later version.
    init(from reader: inout ByteReader) throws {
        let raw = try reader.u8()
        guard let kind = EntryKind(rawValue: raw) else {
            throw ManifestError(.unsupported, "an entry is of kind \(raw), which this version does not know")
        }
        self = kind
    }
}
