import Chunking
import Cryptography
import ObjectStorage
import Records
import TestSupport

@testable import RecordSamples
@testable import Repository

/// A repository in memory whose keys the targets know: they seal and sign what they make of an input, so that
/// authentication does not keep the input from the parsers.
final class Fixture {
    static let suite = CipherSuite.aes256GCM

    let store = MemoryObjectStore()
    let id: RepositoryID
    let keyring: Keyring
    let repository: Repository
    let domain: DomainID
    let keys: DomainKeys
    let run: RunID
    private let contentKeys: [CipherSuite: (data: ContentKey, metadata: ContentKey)]
    /// What opens the repository's slot.
    let slotSecret: SecretHolder

    init() throws {
        id = try testDigest(0xA0)
        domain = try testIdentifier(0x41)
        run = try testIdentifier(0x42)
        let signingKey = try testKey()
        let owner = signingKey.publicKey
        let reader = PrivateKey(domain: domain, key: try Fixture.agreementKey(0x21))
        let manager = PrivateKey(domain: nil, key: try Fixture.agreementKey(0x31))
        keyring = try Keyring(
            repository: id,
            rootOwner: owner,
            role: .owner,
            signingKey: signingKey,
            repositorySecret: SecretHolder(try Fixture.secret(0x11)),
            privateKeys: [reader, manager]
        )
        slotSecret = SecretHolder(try Fixture.secret(0x51))
        let policy = Policy(
            repository: id,
            signer: keyring.member,
            number: 0,
            previous: nil,
            time: 1,
            suite: Fixture.suite,
            members: [
                PolicyMember(id: keyring.member, name: "owner", key: owner, role: .owner, certificateSerial: 1)
            ],
            domains: [PolicyDomain(id: domain, name: "main", epoch: 1, readers: [reader.publicKey])],
            managers: [manager.publicKey],
            slots: []
        )
        let object = try SignedRecord.sign(policy, with: keyring.signingKey)
        try store.put(.init(ObjectNames.policy(0)), object)
        let rootPolicy = try unsafe SHA256.hash(object.span.bytes)
        try store.put(
            .init("format"),
            try FormatHeader(created: 1, repository: id, rootPolicy: rootPolicy).encodedObject()
        )
        repository = Repository(
            store: store,
            keyring: keyring,
            slot: nil,
            policies: try PolicyChain(store: store, repository: id, rootOwner: owner, rootPolicy: rootPolicy),
            environment: RepositoryEnvironment(now: { 1_700_000_000_000_000_000 })
        )
        keys = try repository.keys(domain: domain, epoch: 1)
        var context = ContentKeyContext(
            repository: id,
            domain: domain,
            epoch: 1,
            member: keyring.member,
            run: run,
            purpose: .data
        )
        var contentKeys: [CipherSuite: (data: ContentKey, metadata: ContentKey)] = [:]
        for suite in [CipherSuite.aes256GCM, .chaCha20Poly1305] {
            context.purpose = .data
            let data = try ContentKey(context: context, recipients: [reader.publicKey], suite: suite)
            context.purpose = .metadata
            let recipients = [reader.publicKey, manager.publicKey]
            contentKeys[suite] = (data, try ContentKey(context: context, recipients: recipients, suite: suite))
        }
        self.contentKeys = contentKeys
    }

    /// Thirty-two equal bytes as a secret.
    static func secret(_ byte: UInt8) throws -> Secret {
        try secret([UInt8](repeating: byte, count: 32))
    }

    /// Bytes as a secret.
    static func secret(_ bytes: [UInt8]) throws -> Secret { try unsafe Secret(copying: bytes.span.bytes) }

    static func agreementKey(_ byte: UInt8) throws -> AgreementKey {
        try AgreementKey(rawRepresentation: try secret(byte))
    }

    /// The content key of a type of pack.
    func contentKey(_ type: PackType, _ suite: CipherSuite = Fixture.suite) throws -> ContentKey {
        guard let keys = contentKeys[suite] else { throw Finding(message: "an unknown suite") }
        return type == .data ? keys.data : keys.metadata
    }

    /// The header of a new pack.
    func packHeader(_ type: PackType, salt: [UInt8] = [UInt8](repeating: 0x61, count: 32)) throws -> PackHeader {
        PackHeader(
            repository: id,
            suite: Fixture.suite,
            domain: domain,
            epoch: 1,
            member: keyring.member,
            run: run,
            type: UInt64(type.rawValue),
            salt: salt,
            keyBox: try contentKey(type).box
        )
    }

    /// The id of a chunk.
    func chunkID(_ plaintext: [UInt8], _ type: ChunkType) throws -> ChunkID {
        var identifier = try ChunkIdentifier(keys: keys)
        return try unsafe identifier.identify(plaintext.span.bytes, type: type)
    }

    /// Removes all objects but those of the repository itself.
    func clear() {
        for name in store.contents.keys where name.path != "format" && !name.path.hasPrefix("policy/") {
            store.overwrite(name, with: nil)
        }
    }
}

/// The SHA-256 of bytes.
func sha256(_ bytes: [UInt8]) throws -> Digest { try unsafe SHA256.hash(bytes.span.bytes) }
