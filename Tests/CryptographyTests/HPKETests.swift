import TestSupport
import Testing

@testable import Cryptography

@Suite("X25519 and HPKE")
struct HPKETests {
    struct AgreementCase: Decodable, Sendable {
        let privateKey: HexBytes
        let ownPublicKey: HexBytes?
        let publicKey: HexBytes
        let shared: HexBytes
    }

    struct Vector: Decodable, Sendable {
        let suite: UInt8
        let info: HexBytes
        let aad: HexBytes?
        let plaintext: HexBytes
        let recipientKey: HexBytes
        let recipientPublicKey: HexBytes?
        let encapsulatedKey: HexBytes
        let ciphertext: HexBytes
        let ephemeralKey: HexBytes?
        let sharedSecret: HexBytes?
        let key: HexBytes?
        let nonce: HexBytes?
    }

    /// Every encoding of a point of order 1, 2, 4 or 8, as u modulo p with the top bit ignored (RFC 7748, section 5).
    static let lowOrderPoints: [String] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ].flatMap { hex -> [String] in
        let bytes = Hex.decode(hex) ?? []
        return [hex, unsafe Hex.encode(bytes.flipping(bit: 255).span.bytes)]
    }

    @Test("row 23: X25519 as in RFC 7748")
    func agreement() throws {
        for vector in try Fixture<AgreementCase>.cases("x25519") {
            let key = try AgreementKey(rawRepresentation: vector.privateKey.secret())
            let peer = AgreementPublicKey(try #require(Digest(vector.publicKey.bytes)))
            #expect(try key.sharedSecret(with: peer).exposed() == vector.shared.bytes)
            if let own = vector.ownPublicKey { #expect(key.publicKey.bytes.bytes == own.bytes) }
            #expect(try key.rawRepresentation().exposed() == vector.privateKey.bytes)
        }
    }

    @Test("both sides agree, and a key survives storage")
    func agreementProperty() throws {
        for _ in 0..<50 {
            let left = try AgreementKey.generate()
            let right = try AgreementKey.generate()
            let shared = try left.sharedSecret(with: right.publicKey)
            #expect(try right.sharedSecret(with: left.publicKey).equals(shared) == true)
            let restored = try AgreementKey(rawRepresentation: left.rawRepresentation())
            #expect(restored.publicKey == left.publicKey)
            #expect(left.publicKey != right.publicKey)
            #expect(left.publicKey.shortID == Array(try SHA256.hash(of: left.publicKey.bytes.bytes).bytes.prefix(8)))
        }
    }

    @Test("a low-order point is refused, as recipient and as encapsulated key", arguments: lowOrderPoints)
    func lowOrder(hex: String) throws {
        let point = AgreementPublicKey(try #require(Digest(hex: hex)))
        let key = try AgreementKey.generate()
        #expect(errorCode { _ = try key.sharedSecret(with: point) } == .invalidKey)
        for suite in CipherSuite.allCases {
            #expect(errorCode { _ = try HPKE.sealed([1], to: point, suite: suite) } == .invalidKey)
            let sealed = HPKE.Sealed(encapsulatedKey: point.bytes.bytes, ciphertext: [UInt8](repeating: 0, count: 48))
            #expect(errorCode { _ = try HPKE.opened(sealed, with: key, suite: suite) } == .invalidKey)
        }
    }

    @Test("the list of low-order points is whole: 14 encodings, all distinct")
    func lowOrderList() {
        #expect(Set(Self.lowOrderPoints).count == 14)
    }

    @Test("row 23: HPKE base mode as in RFC 9180, key schedule included")
    func published() throws {
        for vector in try Fixture<Vector>.cases("hpke") {
            let suite = try #require(CipherSuite(rawValue: vector.suite))
            let (info, associated) = (vector.info.bytes, try #require(vector.aad).bytes)
            let recipient = try AgreementKey(rawRepresentation: vector.recipientKey.secret())
            #expect(recipient.publicKey.bytes.bytes == vector.recipientPublicKey?.bytes)

            let schedule = try unsafe HPKE.KeySchedule(
                sharedSecret: #require(vector.sharedSecret).secret(),
                info: info.span.bytes,
                suite: suite
            )
            #expect(schedule.key.exposed() == vector.key?.bytes)
            #expect(schedule.nonce.exposed() == vector.nonce?.bytes)

            let sealed = try unsafe HPKE.seal(
                vector.plaintext.secret(),
                to: recipient.publicKey,
                info: info.span.bytes,
                associatedData: associated.span.bytes,
                suite: suite,
                ephemeralKey: AgreementKey(rawRepresentation: #require(vector.ephemeralKey).secret())
            )
            #expect(sealed.encapsulatedKey == vector.encapsulatedKey.bytes)
            #expect(sealed.ciphertext == vector.ciphertext.bytes)
            let opened = try HPKE.opened(sealed, with: recipient, info: info, aad: associated, suite: suite)
            #expect(opened == vector.plaintext.bytes)
        }
    }

    @Test("what another implementation sealed opens")
    func generated() throws {
        for vector in try Fixture<Vector>.cases("hpke-generated") {
            let suite = try #require(CipherSuite(rawValue: vector.suite))
            let recipient = try AgreementKey(rawRepresentation: vector.recipientKey.secret())
            let sealed = HPKE.Sealed(
                encapsulatedKey: vector.encapsulatedKey.bytes,
                ciphertext: vector.ciphertext.bytes
            )
            let opened = try HPKE.opened(sealed, with: recipient, info: vector.info.bytes, suite: suite)
            #expect(opened == vector.plaintext.bytes)
        }
    }

    @Test("what was sealed opens, at many sizes, and no two sealings are alike", arguments: CipherSuite.allCases)
    func roundTrip(suite: CipherSuite) throws {
        var random = SeededGenerator(seed: 0x49CE)
        let recipient = try AgreementKey.generate()
        for size in [0, 1, 31, 32, 33, 64, 1000, 5000] {
            let (plaintext, info, associated) = (random.bytes(size), random.bytes(size % 90), random.bytes(size % 17))
            let first = try HPKE.sealed(plaintext, to: recipient.publicKey, info: info, aad: associated, suite: suite)
            let second = try HPKE.sealed(plaintext, to: recipient.publicKey, info: info, aad: associated, suite: suite)
            #expect(first.ciphertext.count == size + 16)
            #expect(first.encapsulatedKey != second.encapsulatedKey)
            #expect(first.ciphertext != second.ciphertext)
            for sealed in [first, second] {
                let opened = try HPKE.opened(sealed, with: recipient, info: info, aad: associated, suite: suite)
                #expect(opened == plaintext)
            }
        }
    }

    @Test("every turned bit is noticed, and so are another key, context and suite", arguments: CipherSuite.allCases)
    func alteration(suite: CipherSuite) throws {
        let recipient = try AgreementKey.generate()
        let (info, associated) = (Array("run 7".utf8), Array("data".utf8))
        let sealed = try HPKE.sealed([1, 2, 3], to: recipient.publicKey, info: info, aad: associated, suite: suite)
        func code(_ sealed: HPKE.Sealed, info: [UInt8], aad: [UInt8], suite: CipherSuite) -> CryptographyError.Code? {
            errorCode { _ = try HPKE.opened(sealed, with: recipient, info: info, aad: aad, suite: suite) }
        }
        #expect(code(sealed, info: info, aad: associated, suite: suite) == nil)
        for bit in 0..<sealed.ciphertext.count * 8 {
            var altered = sealed
            altered.ciphertext = sealed.ciphertext.flipping(bit: bit)
            #expect(code(altered, info: info, aad: associated, suite: suite) == .authenticationFailed)
        }
        // The top bit as well: X25519 ignores it, the key schedule does not.
        for bit in 0..<256 {
            var altered = sealed
            altered.encapsulatedKey = sealed.encapsulatedKey.flipping(bit: bit)
            #expect(code(altered, info: info, aad: associated, suite: suite) == .authenticationFailed, "bit \(bit)")
        }
        for bit in 0..<info.count * 8 {
            #expect(code(sealed, info: info.flipping(bit: bit), aad: associated, suite: suite) == .authenticationFailed)
        }
        for bit in 0..<associated.count * 8 {
            #expect(code(sealed, info: info, aad: associated.flipping(bit: bit), suite: suite) == .authenticationFailed)
        }
        // Moving bytes from one context to the other is not the same context.
        #expect(code(sealed, info: info + associated, aad: [], suite: suite) == .authenticationFailed)
        for other in CipherSuite.allCases where other != suite {
            #expect(code(sealed, info: info, aad: associated, suite: other) == .authenticationFailed)
        }
        let stranger = try AgreementKey.generate()
        let refused = errorCode {
            _ = try HPKE.opened(sealed, with: stranger, info: info, aad: associated, suite: suite)
        }
        #expect(refused == .authenticationFailed)
    }

    @Test("truncated parts are refused", arguments: CipherSuite.allCases)
    func truncation(suite: CipherSuite) throws {
        let recipient = try AgreementKey.generate()
        let sealed = try HPKE.sealed([9, 9], to: recipient.publicKey, suite: suite)
        for count in 0..<sealed.ciphertext.count {
            var altered = sealed
            altered.ciphertext = Array(sealed.ciphertext.prefix(count))
            #expect(errorCode { _ = try HPKE.opened(altered, with: recipient, suite: suite) } == .authenticationFailed)
        }
        for count in [0, 1, 31, 33, 64] {
            var altered = sealed
            altered.encapsulatedKey = Array((sealed.encapsulatedKey + sealed.encapsulatedKey).prefix(count))
            #expect(errorCode { _ = try HPKE.opened(altered, with: recipient, suite: suite) } == .invalidKey)
        }
    }

    @Test("private keys of the wrong length are refused", arguments: [0, 31, 33, 64])
    func keyLength(count: Int) throws {
        let bytes = try Secret.random(count: count)
        #expect(errorCode { _ = try AgreementKey(rawRepresentation: bytes) } == .invalidKey)
    }
}
