internal import Cryptography

/// Eight random bytes that tell one unbroken chain of a member's commits from another.
///
/// Drawn when a member on some host has no local state, or an older one than the repository shows. Ordered as the raw
/// bytes.
package struct Incarnation: Hashable, Comparable, Sendable, CustomStringConvertible {
    private var word: UInt64

    /// The length of every incarnation, in bytes.
    package static let byteCount = 8

    /// Takes exactly 8 bytes; nil for any other count.
    package init?(_ bytes: [UInt8]) {
        self.init(bytes[...])
    }

    /// Takes exactly 8 bytes; nil for any other count.
    package init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        word = bigEndian(bytes)
    }

    /// Takes 16 lower-case hexadecimal digits; nil for anything else.
    package init?(hex: String) {
        guard let bytes = lowerCaseHex(hex, byteCount: Self.byteCount) else { return nil }
        self.init(bytes)
    }

    private init(word: UInt64) {
        self.word = word
    }

    /// Draws an incarnation; throws `CryptographyError.randomFailed` if the kernel gives no random bytes.
    package static func random() throws -> Incarnation {
        Incarnation(word: bigEndian(try Random.bytes(byteCount)[...]))
    }

    /// The bytes, in order.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    /// Sixteen lower-case hexadecimal digits.
    package var hex: String { unsafe Hex.encode(bytes.span.bytes) }

    /// The hexadecimal digits.
    package var description: String { hex }

    /// Adds the 8 bytes at the end of a buffer.
    package func append(to buffer: inout [UInt8]) {
        appendBigEndian(word, to: &buffer)
    }

    /// Orders as the raw bytes would.
    package static func < (left: Incarnation, right: Incarnation) -> Bool {
        left.word < right.word
    }
}

/// The bytes as a big-endian number, so that numbers order as bytes do; at most eight.
func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
}

/// Adds the eight bytes of a number, most significant first.
func appendBigEndian(_ word: UInt64, to buffer: inout [UInt8]) {
    for shift in stride(from: UInt64(56), through: 0, by: -8) {
        buffer.append(UInt8(truncatingIfNeeded: word >> shift))
    }
}

/// The bytes that exactly twice as many lower-case digits stand for.
func lowerCaseHex(_ text: String, byteCount: Int) -> [UInt8]? {
    guard text.utf8.count == byteCount * 2,
        !text.utf8.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "F")).contains($0) })
    else { return nil }
    return Hex.decode(text)
}
