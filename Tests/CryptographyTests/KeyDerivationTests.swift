import Cryptography
import TestSupport
import Testing

@Suite("HKDF and scrypt")
struct KeyDerivationTests {
    struct HKDFCase: Decodable, Sendable {
        let ikm: HexBytes
        let salt: HexBytes
        let info: HexBytes
        let length: Int
        let prk: HexBytes
        let okm: HexBytes?
        let okmDigest: HexBytes?
    }

    struct ScryptCase: Decodable, Sendable {
        let passphrase: HexBytes
        let salt: HexBytes
        let n: UInt64
        let r: UInt32
        let p: UInt32
        let key: HexBytes
    }

    @Test(
        "row 23: HKDF as in RFC 5869 and as another implementation has it",
        arguments: ["hkdf-sha256", "hkdf-generated"]
    )
    func hkdf(fixture: String) throws {
        for vector in try Fixture<HKDFCase>.cases(fixture) {
            let (salt, info) = (vector.salt.bytes, vector.info.bytes)
            let prk = try unsafe HKDF.extract(salt: salt.span.bytes, inputKey: vector.ikm.secret())
            #expect(prk.exposed() == vector.prk.bytes)
            let expanded = try unsafe HKDF.expand(prk, info: info.span.bytes, count: vector.length).exposed()
            #expect(expanded.count == vector.length)
            if let okm = vector.okm { #expect(expanded == okm.bytes) }
            if let digest = vector.okmDigest { #expect(try SHA256.hash(of: expanded).bytes == digest.bytes) }
            let derived = try unsafe HKDF.derive(
                from: vector.ikm.secret(),
                salt: salt.span.bytes,
                info: info.span.bytes,
                count: vector.length
            )
            #expect(derived.exposed() == expanded)
        }
    }

    @Test("HKDF refuses lengths that RFC 5869 does not define", arguments: [-1, 0, 8161, Int.max])
    func hkdfLengths(count: Int) throws {
        let key = try Secret.random(count: 32)
        let info: [UInt8] = []
        let code = errorCode { _ = try unsafe HKDF.expand(key, info: info.span.bytes, count: count) }
        #expect(code == .invalidParameters)
    }

    @Test("HKDF does not expand a key shorter than a hash", arguments: [0, 1, 16, 31])
    func hkdfShortKey(count: Int) throws {
        let key = try Secret.random(count: count)
        let info: [UInt8] = []
        let code = errorCode { _ = try unsafe HKDF.expand(key, info: info.span.bytes, count: 32) }
        #expect(code == .invalidKey)
    }

    @Test("a longer HKDF output begins with the shorter one, and purposes keep keys apart")
    func hkdfPrefixes() throws {
        let key = try Secret.random(count: 32)
        let (first, second) = (Array("first".utf8), Array("second".utf8))
        let long = try unsafe HKDF.expand(key, info: first.span.bytes, count: 200).exposed()
        for count in 1...200 {
            let short = try unsafe HKDF.expand(key, info: first.span.bytes, count: count).exposed()
            #expect(short == Array(long.prefix(count)))
        }
        #expect(try unsafe HKDF.expand(key, info: second.span.bytes, count: 200).exposed() != long)
    }

    @Test("row 23: scrypt as in RFC 7914")
    func scrypt() throws {
        for vector in try Fixture<ScryptCase>.cases("scrypt") {
            let salt = vector.salt.bytes
            let derived = try unsafe Scrypt.deriveUnchecked(
                passphrase: vector.passphrase.secret(),
                salt: salt.span.bytes,
                parameters: .init(n: vector.n, r: vector.r, p: vector.p),
                count: vector.key.bytes.count
            )
            #expect(derived.exposed() == vector.key.bytes, "N = \(vector.n)")
        }
    }

    @Test("the standard parameters are accepted and work under OpenSSL's memory bound")
    func scryptStandard() throws {
        try Scrypt.Parameters.standard.validate()
        let salt = [UInt8](repeating: 1, count: 16)
        let first = try unsafe Scrypt.derive(
            passphrase: Array("correct horse".utf8).secret(),
            salt: salt.span.bytes,
            parameters: .standard,
            count: 32
        )
        let second = try unsafe Scrypt.derive(
            passphrase: Array("correct horsf".utf8).secret(),
            salt: salt.span.bytes,
            parameters: .standard,
            count: 32
        )
        #expect(first.count == 32)
        #expect(first.equals(second) == false)
    }

    @Test(
        "row 9: parameters within the bounds are accepted",
        arguments: [
            Scrypt.Parameters(n: 1 << 17, r: 8, p: 1), .init(n: 1 << 20, r: 8, p: 4), .init(n: 1 << 18, r: 32, p: 4),
        ]
    )
    func scryptAccepted(parameters: Scrypt.Parameters) throws {
        try parameters.validate()
    }

    /// Powers of two out of range and other numbers; r and p out of range; in range one by one, and 2 GiB together.
    private static let hostileParameters: [Scrypt.Parameters] = {
        let numbers: [UInt64] = [0, 1, 1 << 16, 1 << 21, 1 << 30, 1 << 63, 3 << 16, (1 << 17) + 1, .max]
        let blockSizes: [UInt32] = [0, 1, 7, 33, .max]
        let laneCounts: [UInt32] = [0, 5, 1 << 30, .max]
        var result = numbers.map { Scrypt.Parameters(n: $0, r: 8, p: 1) }
        result += blockSizes.map { Scrypt.Parameters(n: 1 << 17, r: $0, p: 1) }
        result += laneCounts.map { Scrypt.Parameters(n: 1 << 17, r: 8, p: $0) }
        result += [Scrypt.Parameters(n: 1 << 20, r: 16, p: 1), Scrypt.Parameters(n: 1 << 19, r: 32, p: 1)]
        return result
    }()

    @Test("row 9: hostile parameters are refused before any derivation", arguments: hostileParameters)
    func scryptRefused(parameters: Scrypt.Parameters) throws {
        #expect(errorCode { try parameters.validate() } == .invalidParameters)
        let passphrase = try Secret.random(count: 8)
        let salt: [UInt8] = [1]
        let code = errorCode {
            _ = try unsafe Scrypt.derive(
                passphrase: passphrase,
                salt: salt.span.bytes,
                parameters: parameters,
                count: 32
            )
        }
        #expect(code == .invalidParameters)
    }

    @Test("the unchecked entry throws on what scrypt itself does not define, and does not crash")
    func scryptUnchecked() throws {
        let passphrase = try Secret.random(count: 8)
        let salt: [UInt8] = [1]
        let cases: [(n: UInt64, r: UInt32, p: UInt32, count: Int)] = [
            (3, 1, 1, 32), (0, 1, 1, 32), (.max, .max, .max, 32), (1 << 39, .max, 1, 32), (16, 0, 1, 32),
            (16, 1, 0, 32),
            (16, 1, 1, 0), (16, 1, 1, -1),
        ]
        for (n, r, p, count) in cases {
            let parameters = Scrypt.Parameters(n: n, r: r, p: p)
            let code = errorCode {
                _ = try unsafe Scrypt.deriveUnchecked(
                    passphrase: passphrase,
                    salt: salt.span.bytes,
                    parameters: parameters,
                    count: count
                )
            }
            #expect(code != nil, "\(parameters), \(count) bytes")
        }
    }
}
