/// Thirty-two bytes that name something: a SHA-256 or HMAC-SHA-256 value, a public key, a repository id.
///
/// Kept as four big-endian words, so that comparing and hashing need no memory of their own. Ordered as raw bytes. Not
/// for secrets: comparison is not constant-time, and a copy is not wiped.
package struct Digest: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The length of every digest, in bytes.
    package static let byteCount = 32

    /// The digest of thirty-two zero bytes.
    package static let zero = Digest(words: (0, 0, 0, 0))

    private var word0: UInt64
    private var word1: UInt64
    private var word2: UInt64
    private var word3: UInt64

    private init(words: (UInt64, UInt64, UInt64, UInt64)) {
        (word0, word1, word2, word3) = words
    }

    /// Takes exactly 32 bytes; nil for any other count.
    package init?(_ bytes: RawSpan) {
        guard bytes.byteCount == Self.byteCount else { return nil }
        self.init(in: bytes, at: 0)
    }

    /// Takes exactly 32 bytes; nil for any other count.
    package init?(_ bytes: [UInt8]) {
        unsafe self.init(bytes.span.bytes)
    }

    /// Takes the 32 bytes at an offset; nil if they are not all there.
    package init?(in bytes: RawSpan, at offset: Int) {
        guard offset >= 0, bytes.byteCount >= Self.byteCount, offset <= bytes.byteCount - Self.byteCount else {
            return nil
        }
        func word(_ index: Int) -> UInt64 {
            let position = offset + index * 8
            return UInt64(bigEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
        }
        self.init(words: (word(0), word(1), word(2), word(3)))
    }

    /// Takes 64 lower-case hexadecimal digits; nil for anything else, so that one digest has one spelling.
    package init?(hex: String) {
        guard hex.utf8.count == Self.byteCount * 2,
            !hex.utf8.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "F")).contains($0) }),
            let bytes = Hex.decode(hex)
        else { return nil }
        self.init(bytes)
    }

    /// Takes the 32 bytes that a closure writes, without a heap allocation; throws what the closure throws.
    init(filling body: (UnsafeMutablePointer<UInt8>) throws -> Void) throws {
        var words: InlineArray<4, UInt64> = .init(repeating: 0)
        try unsafe withUnsafeMutableBytes(of: &words) { bytes in
            try unsafe bytes.withMemoryRebound(to: UInt8.self) { bytes in
                guard let start = bytes.baseAddress else { return }
                try unsafe body(start)
            }
        }
        self.init(
            words: (
                UInt64(bigEndian: words[0]), UInt64(bigEndian: words[1]),
                UInt64(bigEndian: words[2]), UInt64(bigEndian: words[3])
            )
        )
    }

    /// The bytes, in order.
    package var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(Self.byteCount)
        append(to: &result)
        return result
    }

    /// Sixty-four lower-case hexadecimal digits.
    package var hex: String { unsafe Hex.encode(bytes.span.bytes) }

    /// The hexadecimal digits.
    package var description: String { hex }

    /// The first eight bytes as a big-endian number: an index into sorted tables.
    package var prefix64: UInt64 { word0 }

    /// Adds the 32 bytes at the end of a buffer.
    package func append(to buffer: inout [UInt8]) {
        for word in [word0, word1, word2, word3] {
            for shift in stride(from: 56, through: 0, by: -8) {
                buffer.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
    }

    /// Overwrites 32 bytes of a buffer, which must reach that far.
    package func copy(into buffer: inout [UInt8], at offset: Int) {
        precondition(offset >= 0 && offset <= buffer.count - Self.byteCount, "no room for 32 bytes at \(offset)")
        unsafe buffer.withUnsafeMutableBytes { target in
            unsafe target.storeBytes(of: word0.bigEndian, toByteOffset: offset, as: UInt64.self)
            unsafe target.storeBytes(of: word1.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
            unsafe target.storeBytes(of: word2.bigEndian, toByteOffset: offset + 16, as: UInt64.self)
            unsafe target.storeBytes(of: word3.bigEndian, toByteOffset: offset + 24, as: UInt64.self)
        }
    }

    /// Orders as the raw bytes would.
    package static func < (left: Digest, right: Digest) -> Bool {
        if left.word0 != right.word0 { return left.word0 < right.word0 }
        if left.word1 != right.word1 { return left.word1 < right.word1 }
        if left.word2 != right.word2 { return left.word2 < right.word2 }
        return left.word3 < right.word3
    }
}
