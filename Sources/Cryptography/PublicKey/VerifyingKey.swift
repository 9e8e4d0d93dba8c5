/// An Ed25519 public key (RFC 8032).
package struct VerifyingKey: Hashable, Sendable {
    /// The length of every signature, in bytes.
    package static let signatureByteCount = 64

    /// The key's 32 bytes.
    package var bytes: Digest

    /// Takes the key's bytes; bytes that are no key check no signature.
    package init(_ bytes: Digest) {
        self.bytes = bytes
    }

    /// Whether the signature over the message is this key's.
    ///
    /// False for a signature that is not 64 bytes, whose S is not below the group order, or whose R is not in its one
    /// encoding; and false under a key of small order or in a second encoding, for such a key lets anyone sign.
    package func isValid(signature: RawSpan, for message: RawSpan) -> Bool {
        guard signature.byteCount == Self.signatureByteCount, !isWeak,
            let handle = try? PublicKeyHandle(.ed25519, bytes: bytes)
        else { return false }
        return handle.isValid(signature: signature, for: message)
    }

    /// Whether the key is a point of order 1, 2, 4 or 8, or encodes its y coordinate as p or more.
    private var isWeak: Bool {
        var y = bytes.bytes
        // The highest bit is the sign of x, and a point and its negative have the same order.
        y[31] &= 0x7F
        let isBeyondField = y[31] == 0x7F && y[1...30].allSatisfy { $0 == 0xFF } && y[0] >= 0xED
        return isBeyondField || Self.smallOrderY.contains(y)
    }

    /// The y coordinates of all points of order 1, 2, 4 and 8, least byte first.
    ///
    /// From the curve equation: 1 (order 1), −1 (order 2), 0 (order 4), and ±√z with d·z² + 2·z = 1 (order 8, the points
    /// that doubling takes to y = 0). A test forges signatures under each of them.
    private static let smallOrderY: Set<[UInt8]> = [
        [1] + [UInt8](repeating: 0, count: 31),
        [0xEC] + [UInt8](repeating: 0xFF, count: 30) + [0x7F],
        [UInt8](repeating: 0, count: 32),
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0,
            0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
        ],
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F,
            0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
        ],
    ]
}
