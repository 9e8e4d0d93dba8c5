/// What stands before the sealed parts of an object: `magic ‖ u32 length ‖ fields`.
enum ObjectPrefix {
    /// The magic number and the length.
    static let headByteCount = RecordKind.magicByteCount + 4

    /// The most bytes that the fields may take.
    static let maximumFieldByteCount = 64 << 10

    /// Puts the fields behind magic number and length.
    static func encode(_ kind: RecordKind, _ fields: [UInt8]) -> [UInt8] {
        var bytes = kind.magic
        appendLittleEndian(UInt32(fields.count), to: &bytes)
        return bytes + fields
    }

    /// The length of the prefix in bytes, from its first 12.
    static func byteCount(_ kind: RecordKind, fromFirst bytes: ArraySlice<UInt8>) throws(RecordError) -> Int {
        try kind.checkMagic(of: bytes)
        var reader = ByteReader(bytes.dropFirst(RecordKind.magicByteCount), what: kind.name)
        let count = Int(try reader.u32())
        guard count <= maximumFieldByteCount else {
            throw RecordError(
                .tooLarge,
                "the header of the \(kind.name) has \(count) bytes; the format permits at most \(maximumFieldByteCount)"
            )
        }
        return headByteCount + count
    }

    /// The fields at the start of an object.
    static func fields(_ kind: RecordKind, of bytes: ArraySlice<UInt8>) throws(RecordError) -> ArraySlice<UInt8> {
        let count = try byteCount(kind, fromFirst: bytes)
        guard bytes.count >= count else {
            throw RecordError(
                .malformed,
                "the \(kind.name) is truncated: its header takes \(count) bytes, \(bytes.count) are there"
            )
        }
        return bytes[(bytes.startIndex + headByteCount)..<(bytes.startIndex + count)]
    }
}
