import Chunking
import Cryptography

/// Cut points straight from the specification: every window by itself, a byte and a block at a time.
enum ReferenceChunker {
    /// The cut points of all the data, in order, the last one its length.
    static func cuts(of data: [UInt8], _ parameters: ChunkerParameters, key: UInt8) throws -> [Int] {
        let zeroBits = try zeroBitCounter(parameters.kind, key: makeKey(key))
        let (minimum, average, maximum) = (parameters.minimum, parameters.average, parameters.maximum)
        let turn = minimum + max(0, 3 * average / 4 - minimum) * 9 / 8
        let bits = average.trailingZeroBitCount
        var result: [Int] = []
        var start = 0
        while start < data.count {
            let limit = min(maximum, data.count - start)
            let length = try (min(minimum, limit)..<limit).first { length in
                let window = Array(data[start + length - 64..<start + length])
                return try zeroBits(window) >= (length < turn ? bits + 2 : bits - 2)
            }
            start += length ?? limit
            result.append(start)
        }
        return result
    }

    /// How many zero bits the pseudorandom value of a window begins (fast) or ends (prf) with.
    private static func zeroBitCounter(
        _ kind: ChunkerParameters.Kind,
        key: borrowing Secret
    ) throws -> (_ window: [UInt8]) throws -> Int {
        switch kind {
        case .fast:
            let table = try words(key, "holdfast/v1/chunker/fast", count: 256)
            return { window in
                var sum: UInt64 = 0
                for (age, byte) in window.reversed().enumerated() {
                    sum &+= table[Int(byte)] << UInt64(age)
                }
                return sum.leadingZeroBitCount
            }
        case .prf:
            let tables = try words(key, "holdfast/v1/chunker/prf/hash", count: 512)
            let cipher = SharedPermutation(
                try BlockPermutation(key: expand(key, "holdfast/v1/chunker/prf/cipher", count: 16))
            )
            return { window in
                var block: [UInt8] = []
                for table in [tables[..<256], tables[256...]] {
                    var digest: UInt64 = 0
                    for byte in window {
                        let carry = digest >> 63
                        digest <<= 1
                        if carry == 1 { digest ^= 0b11011 }
                        digest ^= table[table.startIndex + Int(byte)]
                    }
                    block += (0..<8).map { UInt8(truncatingIfNeeded: digest >> (8 * $0)) }
                }
                try cipher.permutation.encrypt(&block, count: 16)
                return word(block[..<8]).trailingZeroBitCount
            }
        case .fixed:
            return { _ in 0 }
        }
    }

    private static func expand(_ key: borrowing Secret, _ purpose: String, count: Int) throws -> Secret {
        let info = Array(purpose.utf8)
        return try unsafe HKDF.expand(key, info: info.span.bytes, count: count)
    }

    private static func words(_ key: borrowing Secret, _ purpose: String, count: Int) throws -> [UInt64] {
        try expand(key, purpose, count: 8 * count).withBytes { bytes in
            (0..<count).map { index in
                word((0..<8).map { unsafe bytes.unsafeLoad(fromByteOffset: 8 * index + $0, as: UInt8.self) }[...])
            }
        }
    }

    private static func word(_ littleEndian: ArraySlice<UInt8>) -> UInt64 {
        littleEndian.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// A box, so that a closure can change what it captures.
private final class SharedPermutation {
    var permutation: BlockPermutation

    init(_ permutation: consuming BlockPermutation) {
        self.permutation = permutation
    }
}
