import Cryptography
import TestSupport
import Testing

@Suite("Digest, hexadecimal text, constant-time comparison")
struct BytesTests {
    @Test("a digest gives back the bytes it was made of, in every form")
    func digestForms() throws {
        var random = SeededGenerator(seed: 0xD16E57)
        for _ in 0..<200 {
            let bytes = random.bytes(32)
            let digest = try #require(Digest(bytes))
            #expect(digest.bytes == bytes)
            #expect(digest.hex == bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined())
            #expect(digest.description == digest.hex)
            #expect(Digest(hex: digest.hex) == digest)
            #expect(digest.prefix64 == bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) })
            var buffer = [UInt8](repeating: 0xEE, count: 40)
            digest.copy(into: &buffer, at: 5)
            #expect(buffer == [UInt8](repeating: 0xEE, count: 5) + bytes + [0xEE, 0xEE, 0xEE])
            #expect(unsafe Digest(in: buffer.span.bytes, at: 5) == digest)
            digest.append(to: &buffer)
            #expect(Array(buffer[40...]) == bytes)
        }
    }

    @Test("a digest is exactly 32 bytes", arguments: [0, 1, 31, 33, 64])
    func digestLength(count: Int) {
        #expect(Digest([UInt8](repeating: 0, count: count)) == nil)
    }

    @Test("a digest is not read beyond the end", arguments: [-1, 9, 40, 41, Int.max, Int.min])
    func digestBounds(offset: Int) {
        let buffer = [UInt8](repeating: 7, count: 40)
        #expect(unsafe Digest(in: buffer.span.bytes, at: offset) == nil)
    }

    @Test("a digest has one spelling")
    func digestSpelling() {
        let good = String(repeating: "ab", count: 32)
        #expect(Digest(hex: good) != nil)
        #expect(Digest(hex: good.uppercased()) == nil)
        #expect(Digest(hex: String(good.dropLast())) == nil)
        #expect(Digest(hex: good + "ab") == nil)
        #expect(Digest(hex: String(good.dropLast(2)) + "0x") == nil)
        #expect(Digest(hex: String(good.dropLast(2)) + " 1") == nil)
        #expect(Digest(hex: String(good.dropLast(2)) + "é") == nil)
    }

    @Test("digests order as their bytes do")
    func digestOrder() throws {
        var random = SeededGenerator(seed: 0x0DE2)
        for _ in 0..<500 {
            var left = random.bytes(32)
            let right = random.bytes(32)
            let shared = Int.random(in: 0...32, using: &random)
            left.replaceSubrange(..<shared, with: right[..<shared])
            let leftDigest = try #require(Digest(left))
            let rightDigest = try #require(Digest(right))
            #expect((leftDigest < rightDigest) == left.lexicographicallyPrecedes(right))
            #expect((leftDigest == rightDigest) == (left == right))
        }
        #expect(Digest.zero.bytes == [UInt8](repeating: 0, count: 32))
    }

    @Test("hexadecimal text decodes to what was encoded, and nothing else decodes")
    func hexadecimal() {
        var random = SeededGenerator(seed: 0x4E7)
        for count in [0, 1, 2, 33, 256] {
            let bytes = random.bytes(count)
            let text = unsafe Hex.encode(bytes.span.bytes)
            #expect(text.utf8.count == 2 * count)
            #expect(Hex.decode(text) == bytes)
            #expect(Hex.decode(text.uppercased()) == bytes)
        }
        for text in ["0", "0g", "g0", "0x", "00 ", " 00", "0\u{0}", "é", "٠٠", "+1", "-1"] {
            #expect(Hex.decode(text) == nil, "\(text)")
        }
    }

    @Test("row 19: constant-time comparison tells equal from unequal at every position")
    func constantTime() {
        var random = SeededGenerator(seed: 0xC7)
        for count in [0, 1, 15, 16, 17, 32, 64] {
            let bytes = random.bytes(count)
            let same = Array(bytes)
            #expect(unsafe constantTimeEquals(bytes.span.bytes, same.span.bytes))
            for bit in 0..<count * 8 {
                let other = bytes.flipping(bit: bit)
                #expect(unsafe !constantTimeEquals(bytes.span.bytes, other.span.bytes))
            }
            let longer = bytes + [0]
            #expect(unsafe !constantTimeEquals(bytes.span.bytes, longer.span.bytes))
            #expect(unsafe !constantTimeEquals(longer.span.bytes, bytes.span.bytes))
        }
    }
}
