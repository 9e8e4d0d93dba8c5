import TestSupport
import Testing

@testable import Chunking

struct TextProbeTests {
    private func looksLikeText(_ bytes: [UInt8]) -> Bool { unsafe TextProbe.looksLikeText(bytes.span.bytes) }

    @Test
    func tellsTextFromWhatIsNone() {
        for count in [1, 31, 32, 1000, 4096, 100_000] {
            #expect(looksLikeText(Content.text.bytes(count)))
            #expect(!looksLikeText([UInt8](repeating: 0, count: count)))
        }
        #expect(looksLikeText(Array(String(repeating: "Größe\tПривет 数据\r\n", count: 900).utf8)))
        #expect(!looksLikeText([]))
        for count in [1000, 4096, 100_000] { #expect(!looksLikeText(Content.random.bytes(count))) }
        // Text in sixteen bits is full of zeros.
        #expect(!looksLikeText(Content.text.bytes(50_000).flatMap { [$0, 0] }))
    }

    @Test
    func aFewControlBytesAreForgiven() {
        var bytes = Content.text.bytes(100_000)
        for index in stride(from: 0, to: bytes.count, by: 200) { bytes[index] = 0x1b }
        #expect(looksLikeText(bytes))
    }

    /// Binary data that begins like text is not taken for it.
    @Test
    func theBeginningDoesNotDecide() {
        #expect(!looksLikeText(Content.text.bytes(20_000) + [UInt8](repeating: 0, count: 20_000)))
    }

    @Test
    func theDefaultIsNearLevelThreeOnText() throws {
        var words: [UInt8] = []
        var random = SeededGenerator(seed: 5)
        while words.count < 900_000 {
            let price = "\(random.next() % 100).\(random.next() % 10)"
            words += Array("\(random.next() % 5000);\(price);item\(random.next() % 3000)\n".utf8)
        }
        let adaptive = try Compressor(.standard)
        let level3 = try Compressor(CompressionSetting(parsing: "zstd:3"))
        let count = try adaptive.compress(words).bytes.count
        #expect(try count < level3.compress(words).bytes.count * 21 / 20)
    }
}
