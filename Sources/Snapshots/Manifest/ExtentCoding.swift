internal import Cryptography
internal import Records

/// The bytes of extents, in entries and in extent pages alike (format.md §12.1).
enum ExtentCoding {
    /// The fewest bytes that an extent takes: a short hole.
    static let shortestEncoding = 2

    /// The number of bytes of an extent.
    static func encodedLength(_ extent: Extent) -> Int {
        switch extent {
        case .chunk(_, let offset, let length):
            1 + Digest.byteCount + Varint.byteCount(of: offset) + Varint.byteCount(of: length)
        case .hole(let length):
            1 + Varint.byteCount(of: length)
        }
    }

    /// The number of bytes of a list.
    static func encodedLength(_ extents: [Extent]) -> Int {
        extents.reduce(0) { $0 + encodedLength($1) }
    }

    /// Adds an extent at the end of a buffer.
    static func append(_ extent: Extent, to buffer: inout [UInt8]) {
        switch extent {
        case .chunk(let id, let offset, let length):
            buffer.append(1)
            buffer.appendDigest(id)
            Varint.append(offset, to: &buffer)
            Varint.append(length, to: &buffer)
        case .hole(let length):
            buffer.append(0)
            Varint.append(length, to: &buffer)
        }
    }

    /// The next extent; throws unless it is one that a chunk can hold.
    static func read(from reader: inout ByteReader) throws -> Extent {
        let extent: Extent
        switch try reader.u8() {
        case 0: extent = .hole(length: try reader.varint())
        case 1: extent = .chunk(try reader.digest(), offset: try reader.varint(), length: try reader.varint())
        case let other: throw ManifestError(.malformed, "an extent is of the unknown type \(other)")
        }
        try extent.validate()
        return extent
    }

    /// All extents up to the end of the bytes, at most so many.
    static func readAll(_ bytes: ArraySlice<UInt8>, atMost limit: Int) throws -> [Extent] {
        var reader = ByteReader(bytes, what: "extents")
        var extents: [Extent] = []
        // The common case: one extent for a small file.
        extents.reserveCapacity(min(limit, bytes.count / (1 + Digest.byteCount) + 1))
        while !reader.isAtEnd {
            guard extents.count < limit else {
                throw ManifestError(.malformed, "a list outside of a tree has more than \(limit) extents")
            }
            extents.append(try read(from: &reader))
        }
        return extents
    }
}
