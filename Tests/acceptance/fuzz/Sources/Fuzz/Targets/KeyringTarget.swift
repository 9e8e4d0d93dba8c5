import Cryptography
import Records

@testable import RecordSamples
@testable import Repository

/// The opened bytes of a key slot.
final class KeyringTarget: FuzzTarget {
    static let name = "keyring"
    static let parsers = ["Repository/Keys/Keyring+Coding.swift", "Repository/Keys/SecretFields.swift"]
    static func shape(of input: [UInt8]) -> InputShape { .fields }

    func run(_ input: [UInt8]) throws {
        let secret = try Fixture.secret(input)
        guard let keyring = try attempt({ try Keyring(decoding: secret) }) else { return }
        let encoded = try keyring.encoded()
        let again = try Keyring(decoding: encoded)
        let isSame = try again.encoded().equals(encoded)
        try require(isSame, "a keyring changes when it is written and read")
        try require(
            again.member == keyring.member && again.repository == keyring.repository && again.role == keyring.role
                && again.rootOwner == keyring.rootOwner && again.privateKeys.count == keyring.privateKeys.count
                && again.derivedKeys.count == keyring.derivedKeys.count,
            "a keyring reads otherwise the second time"
        )
        // Optional fields of later versions are not carried along; all else has one encoding.
        guard try !hasOptionalFields(input) else { return }
        let isCanonical = encoded.equals(secret)
        try require(isCanonical, "a keyring is written otherwise than it was read")
    }

    /// Reads the fields once more by the rules of records.
    private func hasOptionalFields(_ bytes: [UInt8], isNested: Bool = false) throws -> Bool {
        var reader = FieldReader(bytes, what: "keyring", repeated: isNested ? [] : [13, 15, 17])
        var found = false
        do {
            while let field = try reader.next() {
                found = found || field.tag.isMultiple(of: 2)
                guard !isNested, field.tag == 13 || field.tag == 17 else { continue }
                found = try hasOptionalFields(Array(field.value), isNested: true) || found
            }
        } catch let error as RecordError {
            throw Finding(message: "a keyring was accepted that breaks the rules of fields: \(error)")
        }
        return found
    }

    func seeds() throws -> [[UInt8]] { try Self.samples(Fixture()) }

    /// Keyrings of an owner and of a writer.
    static func samples(_ fixture: Fixture) throws -> [[UInt8]] {
        let writer = try Keyring(
            repository: fixture.id,
            rootOwner: fixture.keyring.rootOwner,
            role: .writer,
            signingKey: try testKey(8),
            repositorySecret: nil,
            privateKeys: [],
            derivedKeys: [fixture.keys, try fixture.repository.keys(domain: fixture.domain, epoch: 300)]
        )
        return try [fixture.keyring, writer].map { keyring in try keyring.encoded().withBytes { $0.copyBytes() } }
    }
}
