package import Cryptography

/// A cursor over bytes that are not trusted: every read is checked against what is left.
///
/// Reading copies nothing: the reader shares the array it was given. Every error is `.malformed` and names what is read.
package struct ByteReader: Sendable {
    private let storage: ArraySlice<UInt8>
    private var position: Int
    private let what: String

    /// Starts at the first byte; `what` names the bytes in messages.
    package init(_ bytes: [UInt8], what: String) {
        self.init(bytes[...], what: what)
    }

    /// Starts at the first byte of a part of an array; `what` names the bytes in messages.
    package init(_ bytes: ArraySlice<UInt8>, what: String) {
        storage = bytes
        position = bytes.startIndex
        self.what = what
    }

    /// The number of bytes that have not been read.
    package var remaining: Int { storage.endIndex - position }

    /// Whether everything has been read.
    package var isAtEnd: Bool { position == storage.endIndex }

    /// The next unsigned integer of variable length, which must have its shortest form.
    package mutating func varint() throws(RecordError) -> UInt64 {
        // Most numbers in records take one byte.
        if position < storage.endIndex, storage[position] < 0x80 {
            defer { position += 1 }
            return UInt64(storage[position])
        }
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try u8()
            // The tenth group holds the last of 64 bits.
            guard shift < 63 || byte <= 1 else {
                throw RecordError(.malformed, "the \(what) holds a number of more than 64 bits")
            }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                guard byte != 0 || shift == 0 else {
                    throw RecordError(.malformed, "the \(what) holds a number that is longer than needed")
                }
                return value
            }
            shift += 7
        }
    }

    /// The next signed integer, from its zigzag form.
    package mutating func signedVarint() throws(RecordError) -> Int64 {
        Varint.unzigzag(try varint())
    }

    /// The next byte.
    package mutating func u8() throws(RecordError) -> UInt8 {
        guard position < storage.endIndex else { throw truncated(1) }
        let byte = storage[position]
        position += 1
        return byte
    }

    /// The next two bytes as a little-endian integer.
    package mutating func u16() throws(RecordError) -> UInt16 { UInt16(try littleEndian(2)) }

    /// The next four bytes as a little-endian integer.
    package mutating func u32() throws(RecordError) -> UInt32 { UInt32(try littleEndian(4)) }

    /// The next eight bytes as a little-endian integer.
    package mutating func u64() throws(RecordError) -> UInt64 { try littleEndian(8) }

    /// The next 32 bytes.
    package mutating func digest() throws(RecordError) -> Digest {
        let bytes = try bytes(Digest.byteCount)
        guard let digest = unsafe Digest(in: bytes.span.bytes, at: 0) else { throw truncated(Digest.byteCount) }
        return digest
    }

    /// The given number of bytes; nothing is allocated for a count that is not there.
    package mutating func bytes(_ count: Int) throws(RecordError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw truncated(count) }
        let start = position
        position += count
        return storage[start..<position]
    }

    /// As many bytes as a varint before them says.
    package mutating func countedBytes() throws(RecordError) -> ArraySlice<UInt8> {
        let count = try varint()
        guard let count = Int(exactly: count), count <= remaining else { throw truncated(count) }
        return try bytes(count)
    }

    /// Makes sure that everything has been read.
    package func requireEnd() throws(RecordError) {
        guard isAtEnd else {
            throw RecordError(.malformed, "the \(what) has \(remaining) bytes after its end")
        }
    }

    private mutating func littleEndian(_ count: Int) throws(RecordError) -> UInt64 {
        guard count <= remaining else { throw truncated(count) }
        var value: UInt64 = 0
        for index in 0..<count {
            value |= UInt64(storage[position + index]) << UInt64(8 * index)
        }
        position += count
        return value
    }

    private func truncated(_ count: some BinaryInteger) -> RecordError {
        RecordError(.malformed, "the \(what) is truncated: \(count) more bytes are announced, \(remaining) are left")
    }
}
