import Cryptography
import TestSupport
import Testing

@Suite("SHA-256 and HMAC-SHA-256")
struct HashingTests {
    struct HashCase: Decodable, Sendable {
        let message: HexBytes
        let `repeat`: Int?
        let digest: HexBytes
    }

    struct CodeCase: Decodable, Sendable {
        let key: HexBytes
        let message: HexBytes
        let code: HexBytes
        let digest: HexBytes?
    }

    @Test("row 23: the SHA-256 examples of FIPS 180, whole and in pieces")
    func publishedHashes() throws {
        for vector in try Fixture<HashCase>.cases("sha256") {
            let message = Array([[UInt8]](repeating: vector.message.bytes, count: vector.repeat ?? 1).joined())
            #expect(try SHA256.hash(of: message).bytes == vector.digest.bytes)
            var hash = try SHA256()
            for start in stride(from: 0, to: message.count, by: 997) {
                try hash.update(with: Array(message[start..<min(start + 997, message.count)]))
            }
            #expect(try hash.finalize().bytes == vector.digest.bytes)
        }
    }

    @Test("row 23: the HMAC-SHA-256 cases of RFC 4231")
    func publishedCodes() throws {
        for vector in try Fixture<CodeCase>.cases("hmac-sha256") {
            var hmac = try HMACSHA256(key: vector.key.secret())
            let code = try hmac.code(of: vector.message.bytes)
            #expect(Array(code.bytes.prefix(vector.code.bytes.count)) == vector.code.bytes)
        }
    }

    @Test("hashes and codes agree with another implementation at block boundaries")
    func generated() throws {
        for vector in try Fixture<CodeCase>.cases("hashing-generated") {
            #expect(try SHA256.hash(of: vector.message.bytes).bytes == vector.digest?.bytes)
            var hmac = try HMACSHA256(key: vector.key.secret())
            #expect(try hmac.code(of: vector.message.bytes).bytes == vector.code.bytes)
        }
    }

    @Test("a hash is ready for the next message, and pieces do not matter")
    func hashReuse() throws {
        var random = SeededGenerator(seed: 0x5A2)
        var hash = try SHA256()
        for _ in 0..<300 {
            let message = random.bytes(Int.random(in: 0...300, using: &random))
            var rest = message[...]
            while !rest.isEmpty {
                let count = Int.random(in: 0...rest.count, using: &random)
                try hash.update(with: Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(try hash.finalize() == SHA256.hash(of: message))
        }
    }

    @Test("an HMAC is ready for the next message under the same key", arguments: [0, 1, 32, 64, 65, 300])
    func codeReuse(keyByteCount: Int) throws {
        var random = SeededGenerator(seed: 0x43AC)
        let key = random.bytes(keyByteCount)
        var reused = try HMACSHA256(key: key.secret())
        for _ in 0..<100 {
            let message = random.bytes(Int.random(in: 0...200, using: &random))
            var fresh = try HMACSHA256(key: key.secret())
            let expected = try fresh.code(of: message)
            #expect(try reused.code(of: message) == expected)
        }
        // An unfinished message must not leak into the next one of another context.
        try reused.update(with: [1, 2, 3])
        #expect(try reused.code(of: [4]) == reused.code(of: [1, 2, 3, 4]))
    }

    @Test("HMAC codes differ by key and by message")
    func codesDiffer() throws {
        var random = SeededGenerator(seed: 0xD1FF)
        let key = random.bytes(32)
        let message = random.bytes(50)
        var hmac = try HMACSHA256(key: key.secret())
        let code = try hmac.code(of: message)
        for bit in 0..<message.count * 8 {
            #expect(try hmac.code(of: message.flipping(bit: bit)) != code)
        }
        for bit in 0..<256 {
            var other = try HMACSHA256(key: key.flipping(bit: bit).secret())
            #expect(try other.code(of: message) != code)
        }
    }
}
