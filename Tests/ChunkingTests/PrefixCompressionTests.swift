import Chunking
import TestSupport
import Testing

struct PrefixCompressionTests {
    /// The base with some bytes changed here and there, and some put in.
    static func edited(_ base: [UInt8]) -> [UInt8] {
        var result = base
        var random = SeededGenerator(seed: 41)
        for _ in 0..<5 where !result.isEmpty {
            result[Int(random.next() % UInt64(result.count))] ^= 0xff
        }
        result.insert(contentsOf: random.bytes(5), at: result.count / 3)
        return result
    }

    @Test(arguments: [1, 100, 16_384, 65_536, 1 << 20, 4 << 20], ["fastest", "default", "max"])
    func repeatsTheBase(count: Int, setting: String) throws {
        guard count <= 1 << 20 || setting != "max" else { return }
        let compressor = try Compressor(CompressionSetting(parsing: setting))
        let decompressor = try Decompressor()
        let base = Content.random.bytes(count)
        let input = Self.edited(base)
        let compressed = try compressor.compress(input, prefix: base)
        #expect(try decompressor.decompress(compressed, prefix: base, count: input.count) == input)
        if count >= 16_384 {
            #expect(compressed.codec == .zstdPrefix)
            #expect(compressed.bytes.count < 200 + count / 100, "\(compressed.bytes.count) bytes")
        }
        // The next chunk knows nothing of that prefix.
        let plain = try compressor.compress(Content.text.bytes(5000))
        #expect(plain.codec == .zstd)
        #expect(try decompressor.decompress(plain, count: 5000) == Content.text.bytes(5000))
    }

    @Test
    func aBaseThatLooksLikeADictionaryIsJustBytes() throws {
        let base = [0x37, 0xa4, 0x30, 0xec] + Content.random.bytes(20_000)
        let input = Self.edited(base)
        let compressed = try Compressor(.standard).compress(input, prefix: base)
        #expect(compressed.codec == .zstdPrefix)
        #expect(try Decompressor().decompress(compressed, prefix: base, count: input.count) == input)
    }

    @Test
    func withoutItsBaseItIsRefused() throws {
        let base = Content.random.bytes(20_000)
        let input = Self.edited(base)
        let compressed = try Compressor(.standard).compress(input, prefix: base)
        let decompressor = try Decompressor()
        #expect {
            try decompressor.decompress(compressed, count: input.count)
        } throws: {
            ($0 as? ChunkingError)?.code == .invalidParameters
        }
        // A shorter base lacks what the frame repeats; one of the same length cannot be told, save by the chunk's id.
        #expect {
            try decompressor.decompress(compressed, prefix: Array(base[..<10]), count: input.count)
        } throws: {
            ($0 as? ChunkingError)?.code == .corrupt
        }
        let other = [UInt8](repeating: 0, count: base.count)
        #expect(try decompressor.decompress(compressed, prefix: other, count: input.count) != input)
        #expect(try decompressor.decompress(compressed, prefix: base, count: input.count) == input)
    }

    @Test(arguments: ["off", "zlib"])
    func otherMethodsIgnoreTheBase(setting: String) throws {
        let compressor = try Compressor(CompressionSetting(parsing: setting))
        let input = Content.text.bytes(5000)
        #expect(try compressor.compress(input, prefix: input) == compressor.compress(input))
    }
}
