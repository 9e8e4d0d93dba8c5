import Chunking
import TestSupport

/// Kinds of content, from the easiest to what no method shortens.
enum Content: CaseIterable, Sendable {
    case zeros, text, halfRandom, random

    /// So many bytes of the kind, always the same.
    func bytes(_ count: Int) -> [UInt8] {
        var random = SeededGenerator(seed: UInt64(count) + 31)
        switch self {
        case .zeros: return [UInt8](repeating: 0, count: count)
        case .text: return Self.text(count, from: &random)
        case .halfRandom: return random.bytes(count / 2) + Self.text(count - count / 2, from: &random)
        case .random: return random.bytes(count)
        }
    }

    private static func text(_ count: Int, from random: inout SeededGenerator) -> [UInt8] {
        let words = ["backup", "restore", "the", "quick", "chunk", "of", "a", "snapshot", "2026", "\n"]
        var result: [UInt8] = []
        while result.count < count {
            result += Array(words[Int(random.next() % UInt64(words.count))].utf8) + [0x20]
        }
        return Array(result[..<count])
    }
}

/// Compressed bytes and how.
struct Compressed: Equatable {
    var codec: Codec
    var bytes: [UInt8]
}

extension Compressor {
    /// Compresses into the middle of a buffer, and checks that nothing around it is touched.
    func compress(_ input: [UInt8], prefix: [UInt8]? = nil) throws -> Compressed {
        let room = Compressor.bound(input.count)
        var output = [UInt8](repeating: 0xa5, count: room + 16)
        let (codec, count) =
            if let prefix {
                try unsafe compress(input.span.bytes, prefix: prefix.span.bytes, into: &output, at: 8)
            } else {
                try unsafe compress(input.span.bytes, into: &output, at: 8)
            }
        guard output[..<8].allSatisfy({ $0 == 0xa5 }), output[(8 + room)...].allSatisfy({ $0 == 0xa5 }) else {
            throw TouchedOutside()
        }
        return Compressed(codec: codec, bytes: Array(output[8..<8 + count]))
    }
}

extension Decompressor {
    /// Decompresses into the middle of a buffer, and checks that nothing around it is touched, even on an error.
    func decompress(_ input: Compressed, prefix: [UInt8]? = nil, count: Int) throws -> [UInt8] {
        var output = [UInt8](repeating: 0xa5, count: count + 128)
        let result = Result {
            if let prefix {
                try unsafe decompress(
                    input.codec,
                    input.bytes.span.bytes,
                    prefix: prefix.span.bytes,
                    expectedByteCount: count,
                    into: &output,
                    at: 64
                )
            } else {
                try unsafe decompress(
                    input.codec,
                    input.bytes.span.bytes,
                    expectedByteCount: count,
                    into: &output,
                    at: 64
                )
            }
        }
        guard output[..<64].allSatisfy({ $0 == 0xa5 }), output[(64 + count)...].allSatisfy({ $0 == 0xa5 }) else {
            throw TouchedOutside()
        }
        try result.get()
        return Array(output[64..<64 + count])
    }
}

/// Bytes outside the range that a call was given have changed.
struct TouchedOutside: Error {}

/// A zstd frame by hand: a window of a power of two, or a single segment with the length of the content.
struct ZstdFrame {
    /// Whether the header tells a length instead of a window.
    var contentByteCount: UInt8?
    /// The window descriptor: exponent minus 10 in the upper five bits.
    var window: UInt8 = 0x58
    /// Blocks of one repeated byte, by their lengths, at most 128 KiB each.
    var runs: [Int] = []

    /// The bytes of the frame.
    var bytes: [UInt8] {
        var result: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]
        result += contentByteCount.map { [0x20, $0] } ?? [0, window]
        for (index, run) in runs.enumerated() {
            let header = run << 3 | 1 << 1 | (index == runs.count - 1 ? 1 : 0)
            result += [UInt8(header & 255), UInt8(header >> 8 & 255), UInt8(header >> 16), 0x2a]
        }
        return result
    }
}
