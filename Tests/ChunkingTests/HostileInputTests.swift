import Chunking
import TestSupport
import Testing

/// Input from storage that lies: a typed error, nothing outside the buffer touched, and all usable afterwards.
struct HostileInputTests {
    private let decompressor: Decompressor
    private let good: Compressed
    private let content = Content.text.bytes(3000)

    init() throws {
        decompressor = try Decompressor()
        good = try Compressor(.standard).compress(content)
        #expect(good.codec == .zstd)
    }

    /// Expects `.corrupt`, and that the next good chunk comes out all the same.
    private func expectCorrupt(_ codec: Codec, _ bytes: [UInt8], count: Int) throws {
        #expect {
            try decompressor.decompress(Compressed(codec: codec, bytes: bytes), count: count)
        } throws: {
            ($0 as? ChunkingError)?.code == .corrupt
        }
        #expect(try decompressor.decompress(good, count: content.count) == content)
    }

    private static func compressed(_ setting: String, _ content: [UInt8]) throws -> Compressed {
        try Compressor(CompressionSetting(parsing: setting)).compress(content)
    }

    @Test
    func framesMadeByHandAreRead() throws {
        for frame in [
            ZstdFrame(contentByteCount: 200, runs: [200]), ZstdFrame(runs: [150, 50]), ZstdFrame(runs: [200]),
        ] {
            let result = try decompressor.decompress(Compressed(codec: .zstd, bytes: frame.bytes), count: 200)
            #expect(result == [UInt8](repeating: 0x2a, count: 200))
        }
    }

    @Test
    func zstdBombs() throws {
        // 10 KB that would become 327 MB.
        let bomb = ZstdFrame(runs: [Int](repeating: 128 << 10, count: 2500)).bytes
        #expect(bomb.count < 10_240)
        for count in [0, 1, 1000, 128 << 10, (128 << 10) + 1, 1 << 20] {
            try expectCorrupt(.zstd, bomb, count: count)
        }
        let zeros = try Self.compressed("max", [UInt8](repeating: 0, count: 8 << 20))
        #expect(zeros.bytes.count < 10_240)
        try expectCorrupt(.zstd, zeros.bytes, count: 4096)
        try expectCorrupt(.zstd, zeros.bytes, count: (8 << 20) - 1)
    }

    @Test
    func zlibBombs() throws {
        let zeros = try Self.compressed("zlib:9", [UInt8](repeating: 0, count: 8 << 20))
        #expect(zeros.codec == .zlib && zeros.bytes.count < 10_240)
        for count in [0, 1, 4096, (8 << 20) - 1] {
            try expectCorrupt(.zlib, zeros.bytes, count: count)
        }
    }

    @Test(arguments: ["off", "default", "zlib"])
    func falseLengths(setting: String) throws {
        let compressed = try Self.compressed(setting, content)
        for count in [0, 1, content.count - 1, content.count + 1, 2 * content.count] {
            try expectCorrupt(compressed.codec, compressed.bytes, count: count)
        }
        try expectCorrupt(.zstd, ZstdFrame(contentByteCount: 200, runs: [100]).bytes, count: 100)
        try expectCorrupt(.zstd, ZstdFrame(contentByteCount: 200, runs: [100]).bytes, count: 200)
    }

    @Test
    func hugeWindowsAndLengths() throws {
        for window in [0x89, 0x90, 0xa0, 0xf8, 0xff] as [UInt8] {
            try expectCorrupt(.zstd, ZstdFrame(window: window, runs: [100]).bytes, count: 100)
        }
        // 128 MiB exactly is what every decoder takes.
        let widest = Compressed(codec: .zstd, bytes: ZstdFrame(window: 0x88, runs: [100]).bytes)
        #expect(try decompressor.decompress(widest, count: 100).count == 100)
        // A single segment of 2^60 bytes, which a decoder that believes it would allocate.
        let claim: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x23, 0x03, 0x00, 0x2a]
        try expectCorrupt(.zstd, claim, count: 100)
    }

    @Test
    func skippableFrames() throws {
        let empty: [UInt8] = [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]
        let flood = [[UInt8]](repeating: empty, count: 100_000).flatMap { $0 }
        try expectCorrupt(.zstd, flood, count: 0)
        try expectCorrupt(.zstd, flood + good.bytes, count: content.count)
        try expectCorrupt(.zstd, good.bytes + empty, count: content.count)
        try expectCorrupt(.zstd, [0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff], count: 0)
    }

    @Test
    func severalFramesAndOtherFormats() throws {
        let frame = ZstdFrame(runs: [100]).bytes
        try expectCorrupt(.zstd, frame + frame, count: 200)
        try expectCorrupt(.zstd, frame + ZstdFrame(runs: [0]).bytes, count: 100)
        // The reserved bit, and a dictionary by number.
        try expectCorrupt(.zstd, [0x28, 0xb5, 0x2f, 0xfd, 0x08, 0x58] + frame[6...], count: 100)
        try expectCorrupt(.zstd, [0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x58, 0x07] + frame[6...], count: 100)
        // The formats of old, gzip, and zlib with its header.
        try expectCorrupt(.zstd, [0x27, 0xb5, 0x2f, 0xfd] + frame[4...], count: 100)
        try expectCorrupt(.zlib, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0], count: 0)
        try expectCorrupt(.zlib, [0x78, 0x9c, 3, 0, 0, 0, 0, 1], count: 0)
    }

    @Test(arguments: ["default", "zstd:19", "zlib", "off"])
    func truncationAtEveryLengthAndTrailingBytes(setting: String) throws {
        let compressed = try Self.compressed(setting, content)
        for count in 0..<compressed.bytes.count {
            try expectCorrupt(compressed.codec, Array(compressed.bytes[..<count]), count: content.count)
        }
        for tail in [[0], [0xff], [1, 2, 3, 4, 5, 6, 7, 8]] as [[UInt8]] {
            try expectCorrupt(compressed.codec, compressed.bytes + tail, count: content.count)
        }
    }

    @Test(arguments: ["default", "zlib"])
    func flippedBitsGiveAnErrorOrTheRightLength(setting: String) throws {
        let compressed = try Self.compressed(setting, content)
        var errors = 0
        for index in compressed.bytes.indices {
            for bit in 0..<8 {
                var damaged = compressed
                damaged.bytes[index] ^= 1 << UInt8(bit)
                do {
                    #expect(try decompressor.decompress(damaged, count: content.count).count == content.count)
                } catch let error as ChunkingError {
                    #expect(error.code == .corrupt)
                    errors += 1
                }
            }
        }
        #expect(errors > 0)
        #expect(try decompressor.decompress(good, count: content.count) == content)
    }

    @Test(arguments: [Codec.zlib, .zstd])
    func randomBytes(codec: Codec) throws {
        var random = SeededGenerator(seed: 51)
        let header = ZstdFrame().bytes
        for count in 0..<500 {
            let noise = Compressed(codec: codec, bytes: (codec == .zstd ? header : []) + random.bytes(count))
            // Noise can be a stream by accident; what must not happen is another error, or a byte outside.
            do {
                _ = try decompressor.decompress(noise, count: 1000)
            } catch let error as ChunkingError {
                #expect(error.code == .corrupt)
            }
        }
        #expect(try decompressor.decompress(good, count: content.count) == content)
    }

    @Test
    func buffersThatAreTooSmall() throws {
        var output = [UInt8](repeating: 0, count: 100)
        for codec in [Codec.stored, .zlib, .zstd] {
            for (count, offset) in [(101, 0), (100, 1), (1, 100), (-1, 0), (0, -1), (0, 101), (.max, 1), (.min, 0)] {
                #expect {
                    try unsafe decompressor.decompress(
                        codec,
                        good.bytes.span.bytes,
                        expectedByteCount: count,
                        into: &output,
                        at: offset
                    )
                } throws: {
                    ($0 as? ChunkingError)?.code == .bufferTooSmall
                }
            }
        }
    }
}
