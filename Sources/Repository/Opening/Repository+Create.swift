package import Cryptography
package import ObjectStorage
import Records

/// A slot to be made.
package struct NewSlot: Sendable {
    /// What opens it.
    package var credential: NewCredential
    /// A name for listings.
    package var label: String

    /// Puts both together.
    package init(_ credential: NewCredential, label: String) {
        self.credential = credential
        self.label = label
    }
}

/// What a new slot is opened by.
package enum NewCredential: Sendable {
    /// A passphrase, with the cost of guessing it.
    case passphrase(SecretHolder, Scrypt.Parameters)
    /// A random secret for a key file or a recovery kit, 32 bytes.
    case secret(SecretHolder, SlotKind)
}

extension Repository {
    /// Makes a repository in an empty store: keys, policy, then the header, which alone makes it exist.
    ///
    /// - Throws: `RepositoryError.alreadyExists` if there is one, `.invalidRequest` for an unfit password.
    package static func create(
        store: any ObjectStore,
        slot: NewSlot,
        suite: CipherSuite,
        ownerName: String,
        domainName: String,
        environment: RepositoryEnvironment
    ) throws -> Repository {
        if try store.exists(ObjectName("format")) {
            throw RepositoryError(.alreadyExists, "there is a repository at \(store.location) already")
        }
        try clearInterruptedCreation(store)
        guard let id = Digest(try Random.bytes(32)) else { throw RepositoryError(.integrity, "no random id") }
        let domain = try DomainID.random()
        let signingKey = try SigningKey.generate()
        let owner = signingKey.publicKey
        let reader = PrivateKey(domain: domain, key: try AgreementKey.generate())
        let manager = PrivateKey(domain: nil, key: try AgreementKey.generate())
        let keyring = try Keyring(
            repository: id,
            rootOwner: owner,
            role: .owner,
            signingKey: signingKey,
            repositorySecret: SecretHolder(try Secret.random(count: 32)),
            privateKeys: [reader, manager]
        )
        let now = environment.now()
        let object = try seal(keyring, slot, time: now, suite: suite)
        let slotName = try unsafe SHA256.hash(object.span.bytes)
        try store.put(ObjectName(ObjectNames.slot(slotName)), object)
        let policy = Policy(
            repository: id,
            signer: keyring.member,
            number: 0,
            previous: nil,
            time: now,
            suite: suite,
            members: [
                PolicyMember(
                    id: keyring.member,
                    name: ownerName,
                    key: owner,
                    role: .owner,
                    certificateSerial: 1,
                    agreementKey: try keyring.agreementKey().publicKey
                )
            ],
            domains: [PolicyDomain(id: domain, name: domainName, epoch: 1, readers: [reader.publicKey])],
            managers: [manager.publicKey],
            slots: [slotName]
        )
        let policyObject = try SignedRecord.sign(policy, with: keyring.signingKey)
        try store.put(ObjectName(ObjectNames.policy(0)), policyObject)
        let rootPolicy = try unsafe SHA256.hash(policyObject.span.bytes)
        let header = FormatHeader(created: now, repository: id, rootPolicy: rootPolicy)
        try store.put(ObjectName("format"), try header.encodedObject())
        let policies = try PolicyChain(store: store, repository: id, rootOwner: owner, rootPolicy: rootPolicy)
        let repository = Repository(
            store: store,
            keyring: keyring,
            slot: slotName,
            policies: policies,
            environment: environment
        )
        try repository.rememberPolicy()
        return repository
    }

    static func seal(_ keyring: Keyring, _ slot: NewSlot, time: Int64, suite: CipherSuite) throws -> [UInt8] {
        switch slot.credential {
        case .passphrase(let password, let parameters):
            guard password.secret.count > 0 else {
                throw RepositoryError(.invalidRequest, "an empty password protects nothing: give one")
            }
            try ExampleSecrets.refuse(password: password.secret)
            return try KeySlot.seal(
                keyring,
                kind: .passphrase,
                secret: password.secret,
                label: slot.label,
                time: time,
                parameters: parameters,
                suite: suite
            )
        case .secret(let secret, let kind):
            return try KeySlot.seal(
                keyring,
                kind: kind,
                secret: secret.secret,
                label: slot.label,
                time: time,
                parameters: .standard,
                suite: suite
            )
        }
    }

    /// A creation that was cut short leaves keys or a policy without a header; they open nothing and are removed.
    private static func clearInterruptedCreation(_ store: any ObjectStore) throws {
        for folder in ["packs/", "commits/", "packlists/", "index/"] {
            try store.list(prefix: folder) { name, _ in
                throw RepositoryError(
                    .integrity,
                    """
                    \(store.location) holds \(name.path) but no header: this is a damaged repository, not an empty \
                    place; nothing was changed
                    """
                )
            }
        }
        var left: [ObjectName] = []
        for folder in ["policy/", "keys/"] { try store.list(prefix: folder) { name, _ in left.append(name) } }
        for name in left { try store.remove(name) }
    }
}
