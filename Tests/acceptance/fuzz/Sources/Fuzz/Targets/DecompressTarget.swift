import Chunking
import Cryptography

/// The decompressors, with a prefix and without.
final class DecompressTarget: FuzzTarget {
    static let name = "decompress"
    static let parsers = [
        "Chunking/Compression/BufferRange.swift", "Chunking/Compression/Decompressor.swift",
        "Chunking/Compression/Inflater.swift", "Chunking/Compression/ZstdDecompressor.swift",
        "Chunking/Compression/ZstdFrameHeader.swift",
    ]

    /// Bytes before and after the place of the result, which must stay as they are.
    private static let margin = 16
    private let decompressor: Decompressor

    init() throws { decompressor = try Decompressor() }

    func run(_ input: [UInt8]) throws {
        var input = InputReader(input)
        let codec = Codec(rawValue: input.byte() & 3) ?? .stored
        let count = Int(input.integer(3)) % (1 << 20)
        let prefix = input.block()
        let compressed = input.remainder()
        let first = try decompress(codec, compressed, prefix, count)
        let second = try decompress(codec, compressed, prefix, count)
        try require(first == second, "the same data gives other bytes the second time")
        if codec == .stored { try require(first == nil || first == compressed, "stored data changes") }
        if codec != .zstdPrefix {
            var output = [UInt8](repeating: 0, count: count)
            let isGood = try accepts {
                try unsafe decompressor.decompress(
                    codec,
                    compressed.span.bytes,
                    expectedByteCount: count,
                    into: &output,
                    at: 0
                )
            }
            try require(isGood == (first != nil), "a prefix that is not used changes the result")
        } else {
            var output = [UInt8](repeating: 0, count: 1)
            let isGood = try accepts {
                try unsafe decompressor.decompress(
                    codec,
                    compressed.span.bytes,
                    expectedByteCount: 0,
                    into: &output,
                    at: 0
                )
            }
            try require(!isGood, "a delta was decompressed without its base")
        }
        // What does not fit is refused before anything is written.
        var small = [UInt8](repeating: 0xA5, count: 4)
        let fits = try accepts {
            try unsafe decompressor.decompress(
                codec,
                compressed.span.bytes,
                prefix: prefix.span.bytes,
                expectedByteCount: 5,
                into: &small,
                at: count % 7
            )
        }
        try require(!fits && small.allSatisfy { $0 == 0xA5 }, "bytes were written where they do not fit")
    }

    private func decompress(_ codec: Codec, _ compressed: [UInt8], _ prefix: [UInt8], _ count: Int) throws -> [UInt8]? {
        var output = [UInt8](repeating: 0xA5, count: count + 2 * Self.margin)
        let isGood = try accepts {
            try unsafe decompressor.decompress(
                codec,
                compressed.span.bytes,
                prefix: prefix.span.bytes,
                expectedByteCount: count,
                into: &output,
                at: Self.margin
            )
        }
        let margins = output.prefix(Self.margin) + output.suffix(Self.margin)
        try require(margins.allSatisfy { $0 == 0xA5 }, "bytes were written outside of the result's place")
        return !isGood ? nil : Array(output[Self.margin..<(Self.margin + count)])
    }

    func seeds() throws -> [[UInt8]] {
        let text = Array(String(repeating: "to be compressed, and that well; ", count: 20).utf8)
        let contents = [[], Array(text.prefix(3)), Array(text.prefix(100)), text, [UInt8](repeating: 0, count: 70_000)]
        let settings: [(Codec, String)] = [
            (.stored, "off"), (.zlib, "zlib:1"), (.zlib, "zlib:9"), (.zstd, "fastest"), (.zstd, "default"),
            (.zstd, "max"),
        ]
        var seeds: [[UInt8]] = []
        for content in contents {
            for (_, setting) in settings {
                for prefix in [[], Array(text.dropFirst(7))] {
                    let compressor = try Compressor(CompressionSetting(parsing: setting))
                    var output = [UInt8](repeating: 0, count: content.count + 64)
                    let result = try unsafe compressor.compress(
                        content.span.bytes,
                        prefix: prefix.span.bytes,
                        into: &output,
                        at: 0
                    )
                    guard result.byteCount < 2000 else { continue }
                    var input = InputWriter()
                    input.byte(result.codec.rawValue)
                    input.integer(UInt64(content.count), 3)
                    input.block(prefix)
                    input.raw(Array(output.prefix(result.byteCount)))
                    seeds.append(input.bytes)
                }
            }
        }
        // Frames as other programs write them: one segment with its content size, in one and two bytes; a window.
        let frames: [[UInt8]] = [
            [0x28, 0xB5, 0x2F, 0xFD, 0x20, 3, 0x19, 0, 0, 1, 2, 3],
            [0x28, 0xB5, 0x2F, 0xFD, 0, 0x58, 0x19, 0, 0, 1, 2, 3],
            [0x28, 0xB5, 0x2F, 0xFD, 0x60, 0, 0, 0x03, 8, 0, 7],
            [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 3, 0, 0, 0, 0, 0, 0, 0],
            [0x28, 0xB5, 0x2F, 0xFD, 0, 0xFF, 1, 0, 0], [0x28, 0xB5, 0x2F, 0xFD, 0x09, 0, 0], [0x28, 0xB5, 0x2F],
            [0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0],
        ]
        return seeds + frames.map { [2, 3, 0, 0, 0, 0] + $0 }
    }
}
