import Chunking
import TestSupport
import Testing

struct CompressionTests {
    static let settings =
        ["off", "fastest", "default", "better", "max"]
        + ((-7 ... -1).map { $0 } + (1...22)).map { "zstd:\($0)" } + (1...9).map { "zlib:\($0)" }

    @Test(arguments: settings)
    func whatGoesInComesOut(setting: String) throws {
        let compressor = try Compressor(CompressionSetting(parsing: setting))
        let decompressor = try Decompressor()
        for content in Content.allCases {
            for count in [0, 1, 2, 3, 17, 100, 255, 256, 257, 4096, 65_537, 200_000] {
                let input = content.bytes(count)
                let compressed = try compressor.compress(input)
                #expect(try decompressor.decompress(compressed, count: count) == input)
                if compressed.codec == .stored {
                    #expect(compressed.bytes == input)
                } else {
                    #expect(compressed.bytes.count <= count - max(1, count / 50))
                }
            }
        }
    }

    @Test(arguments: settings.dropFirst())
    func compressesWhatCanBeCompressed(setting: String) throws {
        let compressor = try Compressor(CompressionSetting(parsing: setting))
        let codec: Codec = setting.hasPrefix("zlib") ? .zlib : .zstd
        for content in [Content.zeros, .text, .halfRandom] {
            let compressed = try compressor.compress(content.bytes(300_000))
            #expect(compressed.codec == codec)
            #expect(compressed.bytes.count < (content == .halfRandom ? 260_000 : 150_000))
        }
        #expect(try compressor.compress(Content.random.bytes(300_000)).codec == .stored)
    }

    @Test(arguments: ["fastest", "default", "max", "zlib:6"])
    func oneCompressiblePartIsNotOverlooked(setting: String) throws {
        let compressor = try Compressor(CompressionSetting(parsing: setting))
        for position in [0, 10_000, 131_072, 400_000, 500_000] {
            var input = Content.random.bytes(540_000)
            input.replaceSubrange(position..<position + 40_000, with: Content.text.bytes(40_000))
            #expect(try compressor.compress(input).bytes.count < 530_000)
        }
        // Random in every window, yet half as long: only a match tells.
        if setting != "zlib:6" {
            let block = Content.random.bytes(100_000)
            #expect(try compressor.compress(block + block).bytes.count < 110_000)
        }
    }

    @Test
    func tellsTheRoomItNeeds() throws {
        let input = Content.random.bytes(1000)
        let compressor = try Compressor(.standard)
        var output = [UInt8](repeating: 0, count: 1000)
        let result = try unsafe compressor.compress(input.span.bytes, into: &output, at: 0)
        #expect(result == (.stored, 1000))
        for offset in [1, 1000, 1001, -1, .max, .min] {
            #expect {
                try unsafe compressor.compress(input.span.bytes, into: &output, at: offset)
            } throws: {
                ($0 as? ChunkingError)?.code == .bufferTooSmall
            }
        }
    }

    @Test(arguments: [
        ("off", "off"), ("fastest", "zstd:-1"), ("default", "default"), ("better", "zstd:8"), ("max", "zstd:19"),
        ("zstd", "zstd:3"), ("zstd:-7", "zstd:-7"), ("zstd:22", "zstd:22"), ("zlib", "zlib:6"), ("zlib:1", "zlib:1"),
    ])
    func readsSettings(text: String, description: String) throws {
        let setting = try CompressionSetting(parsing: text)
        #expect(setting.description == description)
        #expect(try CompressionSetting(parsing: description) == setting)
    }

    @Test(arguments: [
        "", "OFF", "lz4", "zstd:", "zstd:0", "zstd:-8", "zstd:23", "zstd:3:3", "zstd: 3", "zlib:0", "zlib:10",
        "zlib:-1", "off:1", "max:", ":3", "zstd:99999999999999999999",
    ])
    func refusesOtherSettings(text: String) {
        #expect {
            try CompressionSetting(parsing: text)
        } throws: {
            ($0 as? ChunkingError)?.code == .invalidSetting
        }
    }

    @Test
    func theStandardIsTheDefault() throws {
        #expect(try CompressionSetting.standard == CompressionSetting(parsing: "default"))
    }
}
