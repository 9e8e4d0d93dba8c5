package import Cryptography

/// Sixteen bytes that name something; `Kind` says what, so that one cannot stand for another.
///
/// Ordered as the raw bytes.
package struct Identifier<Kind>: Hashable, Comparable, Sendable, CustomStringConvertible {
    private var high: UInt64
    private var low: UInt64

    /// The length of every identifier, in bytes.
    package static var byteCount: Int { 16 }

    /// Takes exactly 16 bytes; nil for any other count.
    package init?(_ bytes: [UInt8]) {
        self.init(bytes[...])
    }

    /// Takes exactly 16 bytes; nil for any other count.
    package init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        high = bigEndian(bytes.prefix(8))
        low = bigEndian(bytes.suffix(8))
    }

    /// Takes 32 lower-case hexadecimal digits; nil for anything else, so that one identifier has one spelling.
    package init?(hex: String) {
        guard let bytes = lowerCaseHex(hex, byteCount: Self.byteCount) else { return nil }
        self.init(bytes)
    }

    /// Draws an identifier; throws `CryptographyError.randomFailed` if the kernel gives no random bytes.
    package static func random() throws -> Identifier {
        var bytes = try Random.bytes(byteCount)[...]
        let high = bigEndian(bytes.prefix(8))
        bytes.removeFirst(8)
        return Identifier(high: high, low: bigEndian(bytes))
    }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The bytes, in order.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        append(to: &bytes)
        return bytes
    }

    /// Thirty-two lower-case hexadecimal digits.
    package var hex: String { unsafe Hex.encode(bytes.span.bytes) }

    /// The hexadecimal digits.
    package var description: String { hex }

    /// Adds the 16 bytes at the end of a buffer.
    package func append(to buffer: inout [UInt8]) {
        appendBigEndian(high, to: &buffer)
        appendBigEndian(low, to: &buffer)
    }

    /// Orders as the raw bytes would.
    package static func < (left: Identifier, right: Identifier) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }
}

extension Identifier where Kind == MemberKind {
    /// The identity of a member: the first 16 bytes of SHA-256 over its Ed25519 public key.
    ///
    /// Throws `CryptographyError` only if the library fails.
    package init(of key: VerifyingKey) throws {
        let hash = try unsafe SHA256.hash(key.bytes.bytes.span.bytes).bytes
        high = bigEndian(hash[0..<8])
        low = bigEndian(hash[8..<16])
    }
}
