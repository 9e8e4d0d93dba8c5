import Cryptography
import TestSupport

@testable import Records

/// Draws random records of every kind from a seed that the test names.
struct RecordSource {
    var random: SeededGenerator
    /// Whether records carry optional fields of a later version, at every level.
    var addsUnknownFields = true
    let repository: RepositoryID
    let signer: MemberID
    let key: VerifyingKey

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        key = try testKey().publicKey
        signer = try MemberID(of: key)
        repository = try testDigest(0xA0)
    }

    mutating func count(_ most: Int) -> Int { Int.random(in: 0...most, using: &random) }
    mutating func chance() -> Bool { Bool.random(using: &random) }

    /// A number of any magnitude.
    mutating func integer() -> UInt64 { random.next() >> UInt64.random(in: 0...64, using: &random) }
    mutating func positive(_ most: UInt64 = .max) -> UInt64 { max(1, min(integer(), most)) }
    mutating func number() -> UInt64 { integer() % (ObjectNames.maximumNumber + 1) }
    mutating func epoch() -> UInt32 { UInt32(positive(UInt64(UInt32.max))) }
    mutating func time() -> Int64 { Int64(bitPattern: integer()) &* (chance() ? 1 : -1) }
    mutating func bytes(upTo most: Int) -> [UInt8] { random.bytes(count(most)) }
    mutating func someBytes(upTo most: Int) -> [UInt8] { random.bytes(1 + count(most - 1)) }

    mutating func digest() throws -> Digest { try required(Digest(random.bytes(32)), "value", of: "test") }
    mutating func optionalDigest() throws -> Digest? { chance() ? try digest() : nil }
    mutating func identifier<Kind>() throws -> Identifier<Kind> {
        try required(Identifier<Kind>(random.bytes(16)), "value", of: "test")
    }
    mutating func incarnation() throws -> Incarnation {
        try required(Incarnation(random.bytes(8)), "value", of: "test")
    }
    mutating func suite() -> CipherSuite { chance() ? .aes256GCM : .chaCha20Poly1305 }

    mutating func text(upTo most: Int = 12) -> String {
        let letters = Array("abcxyz 0189-_äß€𝄞\u{301}\u{0}")
        return String((0..<count(most)).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] })
    }

    mutating func list<Element>(_ most: Int, _ make: (inout RecordSource) throws -> Element) rethrows -> [Element] {
        var elements: [Element] = []
        for _ in 0..<count(most) { elements.append(try make(&self)) }
        return elements
    }

    mutating func digests(_ most: Int) throws -> [Digest] { try list(most) { try $0.digest() }.sorted() }

    mutating func packs(_ most: Int) throws -> [PackReference] {
        try digests(most).map { PackReference(name: $0, byteCount: integer()) }
    }

    /// Optional fields with tags that no record of version 1 has.
    mutating func unknown() -> UnknownFields {
        var fields = UnknownFields()
        guard addsUnknownFields, chance() else { return fields }
        var tag: UInt64 = 100
        for _ in 0..<(1 + count(2)) {
            tag += 2 * UInt64(count(40))
            fields.keep(tag, bytes(upTo: 5)[...])
        }
        return fields
    }

    mutating func keyBox(purpose: UInt64) throws -> KeyBox {
        KeyBox(
            purpose: purpose,
            commitment: try digest(),
            recipients: list(3) {
                KeyBoxRecipient(
                    recipient: $0.random.bytes(8),
                    encapsulatedKey: $0.random.bytes(32),
                    ciphertext: $0.random.bytes(48),
                    unknown: $0.unknown()
                )
            },
            unknown: unknown()
        )
    }

    mutating func head() throws -> CommitHead {
        CommitHead(
            member: try identifier(),
            incarnation: try incarnation(),
            number: positive(ObjectNames.maximumNumber),
            hash: try digest(),
            unknown: unknown()
        )
    }
}

/// The signing key of the tests, made from a fixed seed.
func testKey(_ byte: UInt8 = 7) throws -> SigningKey {
    let seed = [UInt8](repeating: byte, count: 32)
    return try SigningKey(seed: Secret(copying: unsafe seed.span.bytes))
}

/// Thirty-two equal bytes.
func testDigest(_ byte: UInt8) throws -> Digest {
    try required(Digest([UInt8](repeating: byte, count: 32)), "digest", of: "test")
}

/// Sixteen equal bytes.
func testIdentifier<Kind>(_ byte: UInt8) throws -> Identifier<Kind> {
    try required(Identifier([UInt8](repeating: byte, count: 16)), "identifier", of: "test")
}

/// Eight equal bytes.
func testIncarnation(_ byte: UInt8) throws -> Incarnation {
    try required(Incarnation([UInt8](repeating: byte, count: 8)), "incarnation", of: "test")
}

/// The error that an operation throws, which must be a record error.
func recordError(_ operation: () throws -> Void) throws -> RecordError {
    do {
        try operation()
    } catch let error as RecordError {
        return error
    }
    throw MissingError()
}

/// An operation that should have failed did not.
struct MissingError: Error {}
