internal import Cryptography

/// The secret tables of the universal hash of the method `prf`, and the field that it computes in.
///
/// The field is GF(2^64) modulo x^64 + x^4 + x^3 + x + 1; bit i of a word is the coefficient of x^i. A digest of 64
/// bytes is the sum of table[byte] · x^age, age 0 for the last byte. Two different windows have equal digests with
/// probability 2^-64 over the choice of the table, because a nonzero polynomial of a degree below 64 is invertible:
/// hence the length of the window. Two digests with independent tables make it 2^-128.
struct ToeplitzTables: ~Copyable, Sendable {
    /// The length of the window, in bytes.
    static let windowByteCount = 64
    /// Bytes per entry: the two words of a byte that enters the window, then the two of one that leaves it.
    static let entryByteCount = 4 * 8

    private static let purpose = "holdfast/v1/chunker/prf/hash"
    private static let tableByteCount = 256 * 8

    private let entries: Secret

    /// Expands both tables, 256 little-endian words each, one after the other, from the chunker key.
    init(key: borrowing Secret) throws {
        let tables = try HKDF.expand(key, purpose: Self.purpose, count: 2 * Self.tableByteCount)
        entries = try unsafe Secret(count: 256 * Self.entryByteCount) { target in
            tables.withBytes { tables in
                for byte in 0..<256 {
                    for table in 0..<2 {
                        let word = unsafe UInt64(
                            littleEndian: tables.unsafeLoadUnaligned(
                                fromByteOffset: table * Self.tableByteCount + byte * 8,
                                as: UInt64.self
                            )
                        )
                        let leaving = (0..<Self.windowByteCount).reduce(word) { word, _ in Self.timesX(word) }
                        let offset = byte * Self.entryByteCount + table * 8
                        unsafe target.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
                        unsafe target.storeBytes(of: leaving, toByteOffset: offset + 16, as: UInt64.self)
                    }
                }
            }
        }
    }

    /// The product with x: a shift, and the reduction of the bit that falls out.
    @inline(__always)
    static func timesX(_ word: UInt64) -> UInt64 {
        (word &<< 1) ^ (UInt64(bitPattern: Int64(bitPattern: word) &>> 63) & 0x1b)
    }

    /// Writes, for each candidate, the two digests of the 64 bytes before it as little-endian words.
    ///
    /// The candidates must be 64 at least and lie within `bytes`; the target must hold 16 bytes for each.
    borrowing func writeDigests(of bytes: RawSpan, at candidates: Range<Int>, to target: UnsafeMutableRawBufferPointer)
    {
        entries.withBytes { entries in
            unsafe entries.withUnsafeBytes { entries in
                unsafe bytes.withUnsafeBytes { bytes in
                    unsafe WindowDigests.write(of: bytes, at: candidates, to: target, entries: entries)
                }
            }
        }
    }
}
