/// A set of byte values: what a bracket expression of a pattern matches.
struct ByteSet: Hashable, Sendable {
    private var words = SIMD4<UInt64>()

    /// Whether the set holds the byte.
    func contains(_ byte: UInt8) -> Bool {
        words[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1
    }

    /// Puts a byte in.
    mutating func insert(_ byte: UInt8) {
        words[Int(byte >> 6)] |= 1 << UInt64(byte & 63)
    }

    /// Puts in all bytes for which a condition holds.
    mutating func insert(where condition: (UInt8) -> Bool) {
        for byte in UInt8.min...UInt8.max where condition(byte) { insert(byte) }
    }

    /// All other bytes.
    var inverted: ByteSet {
        var result = self
        result.words = ~words
        return result
    }
}

extension UInt8 {
    /// The lower-case letter for an upper-case one of ASCII; any other byte itself.
    var foldedASCII: UInt8 { 0x41...0x5a ~= self ? self | 0x20 : self }

    /// The upper-case letter for a lower-case one of ASCII; any other byte itself.
    var raisedASCII: UInt8 { 0x61...0x7a ~= self ? self & ~0x20 : self }
}
