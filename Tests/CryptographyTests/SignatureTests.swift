import TestSupport
import Testing

@testable import Cryptography

@Suite("Ed25519")
struct SignatureTests {
    struct Vector: Decodable, Sendable {
        let seed: HexBytes
        let publicKey: HexBytes
        let message: HexBytes
        let signature: HexBytes
    }

    /// The order of the group, 2^252 + 27742317777372353535851937790883648493, least byte first (RFC 8032, section 5.1).
    private static let groupOrder: [UInt8] =
        Hex.decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010") ?? []

    /// Adds two numbers of 32 bytes, least byte first; nil if the sum does not fit.
    private static func sum(_ left: [UInt8], _ right: [UInt8]) -> [UInt8]? {
        var carry = 0
        let result = zip(left, right).map { pair in
            carry += Int(pair.0) + Int(pair.1)
            defer { carry >>= 8 }
            return UInt8(carry & 0xFF)
        }
        return carry == 0 ? result : nil
    }

    @Test("row 23: keys and signatures as in RFC 8032")
    func published() throws {
        for vector in try Fixture<Vector>.cases("ed25519") {
            let key = try SigningKey(seed: vector.seed.secret())
            #expect(key.publicKey.bytes.bytes == vector.publicKey.bytes)
            #expect(try key.signature(of: vector.message.bytes) == vector.signature.bytes)
            #expect(key.publicKey.accepts(vector.signature.bytes, for: vector.message.bytes))
            #expect(try key.seed().exposed() == vector.seed.bytes)
        }
    }

    @Test("new keys sign what their public key accepts, and nobody else's")
    func generated() throws {
        var random = SeededGenerator(seed: 0xED)
        for size in [0, 1, 63, 64, 65, 1000, 100_000] {
            let key = try SigningKey.generate()
            let other = try SigningKey.generate()
            #expect(key.publicKey != other.publicKey)
            let message = random.bytes(size)
            let signature = try key.signature(of: message)
            #expect(key.publicKey.accepts(signature, for: message))
            #expect(!other.publicKey.accepts(signature, for: message))
            #expect(!key.publicKey.accepts(signature, for: message + [0]))
            let restored = try SigningKey(seed: key.seed())
            #expect(restored.publicKey == key.publicKey)
        }
    }

    @Test("every turned bit of signature, message and key is noticed")
    func alteration() throws {
        let key = try SigningKey(seed: [UInt8](repeating: 7, count: 32).secret())
        let message = Array("commit 17".utf8)
        let signature = try key.signature(of: message)
        for bit in 0..<512 {
            #expect(!key.publicKey.accepts(signature.flipping(bit: bit), for: message), "bit \(bit) of the signature")
        }
        for bit in 0..<message.count * 8 {
            #expect(!key.publicKey.accepts(signature, for: message.flipping(bit: bit)))
        }
        for bit in 0..<256 {
            let other = try #require(Digest(key.publicKey.bytes.bytes.flipping(bit: bit)))
            #expect(!VerifyingKey(other).accepts(signature, for: message))
        }
        #expect(key.publicKey.accepts(signature, for: message))
    }

    @Test("truncated, extended and empty signatures are refused")
    func lengths() throws {
        let key = try SigningKey.generate()
        let signature = try key.signature(of: [1])
        for count in 0..<64 {
            #expect(!key.publicKey.accepts(Array(signature.prefix(count)), for: [1]))
        }
        for extra in 1...64 {
            #expect(!key.publicKey.accepts(signature + [UInt8](repeating: 0, count: extra), for: [1]))
        }
    }

    @Test("a signature has one form: S below the group order")
    func malleability() throws {
        for seed in 0..<20 as Range<UInt8> {
            let key = try SigningKey(seed: [UInt8](repeating: seed, count: 32).secret())
            let signature = try key.signature(of: [seed])
            let (r, s) = (Array(signature[..<32]), Array(signature[32...]))
            // S + L, S + 2L, … are the same scalar.
            var other = try #require(Self.sum(s, Self.groupOrder))
            for _ in 0..<14 {
                #expect(!key.publicKey.accepts(r + other, for: [seed]))
                guard let next = Self.sum(other, Self.groupOrder) else { break }
                other = next
            }
            for wrong in [
                [UInt8](repeating: 0, count: 32), Self.groupOrder, [UInt8](repeating: 0xFF, count: 32),
                s.flipping(bit: 255), s.flipping(bit: 254), s.flipping(bit: 253),
            ] {
                #expect(!key.publicKey.accepts(r + wrong, for: [seed]))
            }
        }
    }

    @Test("R is accepted in its one encoding only")
    func encodingOfR() throws {
        let key = try SigningKey.generate()
        let s = Array(try key.signature(of: [5])[32...])
        // p, p + 1 and the sign of zero: second encodings of y = 0 and y = 1.
        for r in [
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0100000000000000000000000000000000000000000000000000000000000080",
        ] {
            #expect(!key.publicKey.accepts((Hex.decode(r) ?? []) + s, for: [5]))
        }
    }

    /// The points of order 1, 2, 4 and 8, with both signs, and second encodings of the first three.
    private static let weakKeys = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ]

    @Test("a key of small order signs nothing, though OpenSSL lets anyone forge under it", arguments: weakKeys)
    func smallOrderKeys(hex: String) throws {
        let bytes = try #require(Digest(hex: hex))
        let identity: [UInt8] = [1] + [UInt8](repeating: 0, count: 31)
        let forged = identity + [UInt8](repeating: 0, count: 32)
        var openSSLAccepts = 0
        for number in 0..<200 as Range<UInt8> {
            // R = 0 and S = 0 satisfy S·B = R + k·A whenever k·A = 0: always, or for one message in 2, 4 or 8.
            #expect(!VerifyingKey(bytes).accepts(forged, for: [number]))
            if let raw = try? PublicKeyHandle(.ed25519, bytes: bytes) {
                let message: [UInt8] = [number]
                if unsafe raw.isValid(signature: forged.span.bytes, for: message.span.bytes) { openSSLAccepts += 1 }
            }
        }
        // Without this the test would pass for any key.
        let isSecondEncoding =
            hex.hasPrefix("ed") || hex.hasPrefix("ee") || hex == Self.weakKeys[8] || hex == Self.weakKeys[9]
        #expect(openSSLAccepts > 0 || isSecondEncoding)
    }

    @Test("bytes that are no point check no signature")
    func noPoint() throws {
        let key = try SigningKey.generate()
        let signature = try key.signature(of: [1])
        // y = 2 has no x on the curve.
        let bytes = try #require(Digest([2] + [UInt8](repeating: 0, count: 31)))
        #expect(!VerifyingKey(bytes).accepts(signature, for: [1]))
    }

    @Test("seeds of the wrong length are refused", arguments: [0, 31, 33, 64])
    func seedLength(count: Int) throws {
        let seed = try Secret.random(count: count)
        #expect(errorCode { _ = try SigningKey(seed: seed) } == .invalidKey)
    }

    @Test("one key signs on many threads at once")
    func concurrency() async throws {
        final class SharedKey: Sendable {
            let key: SigningKey
            init() throws { key = try SigningKey.generate() }
        }
        let shared = try SharedKey()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<64 as Range<UInt8> {
                group.addTask {
                    let signature = try shared.key.signature(of: [number])
                    return shared.key.publicKey.accepts(signature, for: [number])
                }
            }
            for try await isValid in group { #expect(isValid) }
        }
    }
}
