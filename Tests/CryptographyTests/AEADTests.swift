import Cryptography
import TestSupport
import Testing

@Suite("Authenticated encryption")
struct AEADTests {
    struct Vector: Decodable, Sendable {
        let suite: UInt8
        let key: HexBytes
        let nonce: HexBytes?
        let counter: String?
        let aad: HexBytes
        let plaintext: HexBytes
        let sealed: HexBytes
    }

    @Test("row 23: AES-256-GCM and ChaCha20-Poly1305 as published")
    func published() throws {
        for vector in try Fixture<Vector>.cases("aead") {
            let suite = try #require(CipherSuite(rawValue: vector.suite))
            let nonce = try #require(vector.nonce).bytes
            var aead = try AEAD(suite: suite, key: vector.key.secret())
            let sealed = try aead.sealed(vector.plaintext.bytes, nonce: nonce, aad: vector.aad.bytes)
            #expect(sealed == vector.sealed.bytes)
            #expect(try aead.opened(sealed, nonce: nonce, aad: vector.aad.bytes) == vector.plaintext.bytes)
        }
    }

    @Test("row 24: a counter becomes the nonce that another implementation forms")
    func generated() throws {
        for vector in try Fixture<Vector>.cases("aead-generated") {
            let suite = try #require(CipherSuite(rawValue: vector.suite))
            let counter = try #require(vector.counter.flatMap { UInt64($0) })
            var aead = try AEAD(suite: suite, key: vector.key.secret())
            let sealed = try aead.sealed(vector.plaintext.bytes, counter: counter, aad: vector.aad.bytes)
            #expect(sealed == vector.sealed.bytes)
            #expect(try aead.opened(sealed, counter: counter, aad: vector.aad.bytes) == vector.plaintext.bytes)
        }
    }

    @Test("what was sealed opens, at many sizes, in any order of sealing and opening", arguments: CipherSuite.allCases)
    func roundTrip(suite: CipherSuite) throws {
        var random = SeededGenerator(seed: 0xAEAD)
        let key = random.bytes(32)
        var writer = try AEAD(suite: suite, key: key.secret())
        var reader = try AEAD(suite: suite, key: key.secret())
        let sizes = Array(0...70) + [127, 128, 129, 4095, 4096, 4097, 65_535, 65_536, 1 << 20, (1 << 20) + 3]
        for (index, size) in sizes.enumerated() {
            let counter = UInt64(index)
            let plaintext = random.bytes(size)
            let associated = random.bytes(Int.random(in: 0...40, using: &random))
            let offset = Int.random(in: 0...9, using: &random)
            var buffer = [UInt8](repeating: 0xA5, count: offset + size + AEAD.tagByteCount + 7)
            try unsafe writer.seal(
                plaintext.span.bytes,
                counter: counter,
                associatedData: associated.span.bytes,
                into: &buffer,
                at: offset
            )
            // Nothing outside the range is touched.
            #expect(buffer[..<offset].allSatisfy { $0 == 0xA5 })
            #expect(buffer.suffix(7).allSatisfy { $0 == 0xA5 })
            let sealed = Array(buffer[offset..<offset + size + AEAD.tagByteCount])
            #expect(try reader.opened(sealed, counter: counter, aad: associated) == plaintext)
            // One context serves both directions.
            #expect(try writer.opened(sealed, counter: counter, aad: associated) == plaintext)
        }
    }

    @Test(
        "every turned bit of tag, ciphertext, nonce, associated data and key is noticed",
        arguments: CipherSuite.allCases
    )
    func alteration(suite: CipherSuite) throws {
        var random = SeededGenerator(seed: 0xBADB17)
        let key = random.bytes(32)
        let nonce = random.bytes(12)
        var aead = try AEAD(suite: suite, key: key.secret())
        for size in [0, 1, 16, 35] {
            let plaintext = random.bytes(size)
            let associated = random.bytes(20)
            let sealed = try aead.sealed(plaintext, nonce: nonce, aad: associated)
            // Ciphertext bits first, then all 128 bits of the tag.
            for bit in 0..<sealed.count * 8 {
                let code = errorCode { _ = try aead.opened(sealed.flipping(bit: bit), nonce: nonce, aad: associated) }
                #expect(code == .authenticationFailed, "bit \(bit) of \(sealed.count * 8)")
            }
            for bit in 0..<nonce.count * 8 {
                let code = errorCode { _ = try aead.opened(sealed, nonce: nonce.flipping(bit: bit), aad: associated) }
                #expect(code == .authenticationFailed)
            }
            for bit in 0..<associated.count * 8 {
                let code = errorCode { _ = try aead.opened(sealed, nonce: nonce, aad: associated.flipping(bit: bit)) }
                #expect(code == .authenticationFailed)
            }
            for other in [[], Array(associated.dropLast()), associated + [0]] {
                #expect(errorCode { _ = try aead.opened(sealed, nonce: nonce, aad: other) } == .authenticationFailed)
            }
            for bit in stride(from: 0, to: 256, by: 5) {
                var other = try AEAD(suite: suite, key: key.flipping(bit: bit).secret())
                let code = errorCode { _ = try other.opened(sealed, nonce: nonce, aad: associated) }
                #expect(code == .authenticationFailed)
            }
            #expect(try aead.opened(sealed, nonce: nonce, aad: associated) == plaintext)
        }
    }

    @Test("tags of all zeros, all ones, and tags moved along are refused", arguments: CipherSuite.allCases)
    func forgedTags(suite: CipherSuite) throws {
        var random = SeededGenerator(seed: 0xF0)
        var aead = try AEAD(suite: suite, key: random.bytes(32).secret())
        let sealed = try aead.sealed(random.bytes(40), counter: 1)
        let (body, tag) = (Array(sealed.dropLast(16)), Array(sealed.suffix(16)))
        for forged in [
            [UInt8](repeating: 0, count: 16), [UInt8](repeating: 0xFF, count: 16), tag.map { ~$0 },
            tag.map { $0 ^ 0x80 },
            Array(tag.reversed()), Array(tag.dropFirst()) + [tag[0]],
        ] {
            #expect(errorCode { _ = try aead.opened(body + forged, counter: 1) } == .authenticationFailed)
        }
        #expect(errorCode { _ = try aead.opened(tag + body, counter: 1) } == .authenticationFailed)
    }

    @Test("truncation at every length and extension are refused", arguments: CipherSuite.allCases)
    func truncation(suite: CipherSuite) throws {
        var random = SeededGenerator(seed: 0x72)
        var aead = try AEAD(suite: suite, key: random.bytes(32).secret())
        let sealed = try aead.sealed(random.bytes(40), counter: 9, aad: [1, 2])
        for count in 0..<sealed.count {
            let code = errorCode { _ = try aead.opened(Array(sealed.prefix(count)), counter: 9, aad: [1, 2]) }
            #expect(code == .authenticationFailed, "\(count) bytes")
        }
        for extra in 1...17 {
            let longer = sealed + [UInt8](repeating: 0, count: extra)
            #expect(errorCode { _ = try aead.opened(longer, counter: 9, aad: [1, 2]) } == .authenticationFailed)
        }
    }

    @Test("a failed opening wipes what it wrote and nothing more", arguments: CipherSuite.allCases)
    func failureWipes(suite: CipherSuite) throws {
        var random = SeededGenerator(seed: 0x31BE)
        var aead = try AEAD(suite: suite, key: random.bytes(32).secret())
        let sealed = try aead.sealed(random.bytes(100), counter: 0).flipping(bit: 116 * 8 - 1)
        var buffer = [UInt8](repeating: 0x5A, count: 120)
        let associated: [UInt8] = []
        let code = errorCode {
            try unsafe aead.open(
                sealed.span.bytes,
                counter: 0,
                associatedData: associated.span.bytes,
                into: &buffer,
                at: 10
            )
        }
        #expect(code == .authenticationFailed)
        #expect(buffer[10..<110].allSatisfy { $0 == 0 })
        #expect((buffer[..<10] + buffer[110...]).allSatisfy { $0 == 0x5A })
        #expect(
            errorCode {
                _ = try unsafe aead.openSecret(sealed.span.bytes, counter: 0, associatedData: associated.span.bytes)
            } == .authenticationFailed
        )
    }

    @Test("a context works as before after any failure", arguments: CipherSuite.allCases)
    func reuseAfterFailure(suite: CipherSuite) throws {
        var random = SeededGenerator(seed: 0x2E05E)
        let key = random.bytes(32)
        var reused = try AEAD(suite: suite, key: key.secret())
        for counter in 0..<200 as Range<UInt64> {
            let plaintext = random.bytes(Int.random(in: 0...200, using: &random))
            let associated = random.bytes(Int.random(in: 0...20, using: &random))
            var fresh = try AEAD(suite: suite, key: key.secret())
            let sealed = try fresh.sealed(plaintext, counter: counter, aad: associated)
            switch counter % 4 {
            case 0:
                let bit = Int.random(in: 0..<sealed.count * 8, using: &random)
                #expect(
                    errorCode { _ = try reused.opened(sealed.flipping(bit: bit), counter: counter, aad: associated) }
                        != nil
                )
            case 1:
                #expect(errorCode { _ = try reused.sealed(plaintext, nonce: [1, 2, 3]) } == .invalidParameters)
            case 2:
                #expect(errorCode { _ = try reused.opened([1, 2], counter: counter) } == .authenticationFailed)
            default: break
            }
            #expect(try reused.sealed(plaintext, counter: counter, aad: associated) == sealed)
            #expect(try reused.opened(sealed, counter: counter, aad: associated) == plaintext)
        }
    }

    @Test("a buffer without room is refused before anything is written", arguments: CipherSuite.allCases)
    func bounds(suite: CipherSuite) throws {
        var random = SeededGenerator(seed: 0xB0)
        var aead = try AEAD(suite: suite, key: random.bytes(32).secret())
        let plaintext = random.bytes(10)
        let sealed = try aead.sealed(plaintext, counter: 0)
        let associated: [UInt8] = []
        for offset in [-1, 1, 26, 27, Int.max, Int.min] {
            var buffer = [UInt8](repeating: 3, count: 26)
            let code = errorCode {
                try unsafe aead.seal(
                    plaintext.span.bytes,
                    counter: 0,
                    associatedData: associated.span.bytes,
                    into: &buffer,
                    at: offset
                )
            }
            #expect(code == .invalidParameters, "sealing at \(offset)")
            #expect(buffer.allSatisfy { $0 == 3 })
        }
        for offset in [-1, 1, 10, 11, Int.max, Int.min] {
            var buffer = [UInt8](repeating: 3, count: 10)
            let code = errorCode {
                try unsafe aead.open(
                    sealed.span.bytes,
                    counter: 0,
                    associatedData: associated.span.bytes,
                    into: &buffer,
                    at: offset
                )
            }
            #expect(code == .invalidParameters, "opening at \(offset)")
            #expect(buffer.allSatisfy { $0 == 3 })
        }
    }

    @Test("keys and nonces of the wrong length are refused", arguments: CipherSuite.allCases)
    func lengths(suite: CipherSuite) throws {
        for count in [0, 1, 16, 24, 31, 33, 64] {
            let key = try Secret.random(count: count)
            #expect(errorCode { _ = try AEAD(suite: suite, key: key) } == .invalidKey, "key of \(count) bytes")
        }
        var aead = try AEAD(suite: suite, key: Secret.random(count: 32))
        for count in [0, 1, 8, 11, 13, 16, 24] {
            let nonce = [UInt8](repeating: 0, count: count)
            #expect(errorCode { _ = try aead.sealed([1], nonce: nonce) } == .invalidParameters)
            #expect(
                errorCode { _ = try aead.opened([UInt8](repeating: 0, count: 17), nonce: nonce) } == .invalidParameters
            )
        }
    }

    @Test("row 24: counters give nonces that never coincide", arguments: CipherSuite.allCases)
    func counters(suite: CipherSuite) throws {
        var aead = try AEAD(suite: suite, key: Secret.random(count: 32))
        var counters = Array(0..<600 as Range<UInt64>)
        counters += (8..<64).map { 1 << UInt64($0) as UInt64 }.filter { $0 >= 600 }
        counters += [.max, .max - 1]
        var seen: Set<[UInt8]> = []
        for counter in counters {
            let isNew = try seen.insert(aead.sealed([UInt8](repeating: 0, count: 16), counter: counter)).inserted
            #expect(isNew, "counter \(counter)")
        }
    }

    @Test("a key payload opens into secret memory", arguments: CipherSuite.allCases)
    func secretPayload(suite: CipherSuite) throws {
        var random = SeededGenerator(seed: 0x5EC)
        var aead = try AEAD(suite: suite, key: random.bytes(32).secret())
        let associated = Array("slot".utf8)
        for count in [0, 1, 32, 3000] {
            let payload = random.bytes(count)
            let sealed = try aead.sealed(payload, counter: 4, aad: associated)
            let opened = try unsafe aead.openSecret(
                sealed.span.bytes,
                counter: 4,
                associatedData: associated.span.bytes
            )
            #expect(opened.exposed() == payload)
        }
    }
}
