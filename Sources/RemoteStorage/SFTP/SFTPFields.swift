/// A packet that breaks the rules of SFTP version 3 (draft-ietf-secsh-filexfer-02).
package struct SFTPFormatError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong with it.
    package var description: String

    init(_ description: String) { self.description = description }
}

/// Reads the fields of a packet from a position on; no length is believed beyond the packet's end.
struct SFTPFieldReader {
    private let bytes: [UInt8]
    private(set) var position: Int

    init(_ bytes: [UInt8], from position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    /// How many bytes are left.
    var remaining: Int { bytes.count - position }

    mutating func byte() throws(SFTPFormatError) -> UInt8 {
        guard remaining >= 1 else { throw truncated }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func uint32() throws(SFTPFormatError) -> UInt32 {
        guard remaining >= 4 else { throw truncated }
        var value: UInt32 = 0
        for byte in bytes[position..<position + 4] { value = value << 8 | UInt32(byte) }
        position += 4
        return value
    }

    mutating func uint64() throws(SFTPFormatError) -> UInt64 {
        let high = try uint32()
        return UInt64(high) << 32 | UInt64(try uint32())
    }

    /// A length and as many bytes.
    mutating func string() throws(SFTPFormatError) -> ArraySlice<UInt8> {
        guard let count = Int(exactly: try uint32()), count <= remaining else { throw truncated }
        defer { position += count }
        return bytes[position..<position + count]
    }

    private var truncated: SFTPFormatError { SFTPFormatError("it ends in the middle of a field") }
}

extension [UInt8] {
    mutating func append(field value: UInt32) {
        for shift in stride(from: 24, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
    }

    mutating func append(field value: UInt64) {
        append(field: UInt32(truncatingIfNeeded: value >> 32))
        append(field: UInt32(truncatingIfNeeded: value))
    }

    mutating func append(field value: some Collection<UInt8>) {
        append(field: UInt32(truncatingIfNeeded: value.count))
        append(contentsOf: value)
    }

    mutating func append(field value: String) { append(field: value.utf8) }
}
