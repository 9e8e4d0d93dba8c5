/// Integers of variable length: unsigned LEB128, least significant group first, in the fewest bytes.
package enum Varint {
    /// The greatest length, in bytes: 64 bits in groups of seven.
    package static let maximumByteCount = 10

    /// Adds an unsigned integer at the end of a buffer.
    package static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Adds a signed integer in its zigzag form, which keeps small magnitudes short.
    package static func appendSigned(_ value: Int64, to bytes: inout [UInt8]) {
        append(zigzag(value), to: &bytes)
    }

    /// The number of bytes that an unsigned integer takes, 1 to 10.
    package static func byteCount(of value: UInt64) -> Int {
        value == 0 ? 1 : (70 - value.leadingZeroBitCount) / 7
    }

    /// The signed integer as an unsigned one: 0, −1, 1, −2 become 0, 1, 2, 3.
    static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: (value << 1) ^ (value >> 63))
    }

    /// The inverse of `zigzag`.
    static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}
