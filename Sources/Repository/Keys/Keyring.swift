package import Cryptography
package import Records

/// An X25519 private key with what it opens.
package final class PrivateKey: Sendable {
    /// The domain whose readers hold the key; `nil` for a manager's key.
    package let domain: DomainID?
    /// The private key.
    package let key: AgreementKey
    /// Its public half.
    package let publicKey: AgreementPublicKey

    /// Takes a key.
    package init(domain: DomainID?, key: consuming AgreementKey) {
        self.domain = domain
        publicKey = key.publicKey
        self.key = key
    }
}

/// A member's secrets: what its role gives it, and its own seed (format.md §5).
package final class Keyring: Sendable {
    /// What the role gives.
    package let grant: KeyGrant
    /// Signs what the member writes.
    package let signingKey: SigningKey

    /// The repository the keys belong to.
    package var repository: RepositoryID { grant.repository }
    /// The owner that signs policy 0, from which the chain of policies is trusted.
    package var rootOwner: VerifyingKey { grant.rootOwner }
    /// The member.
    package var member: MemberID { grant.member }
    /// The member's role when the slot was made; the policy in force decides.
    package var role: MemberRole { grant.role }
    /// The repository secret; owners alone have it.
    package var repositorySecret: SecretHolder? { grant.repositorySecret }
    /// Reader and manager keys.
    package var privateKeys: [PrivateKey] { grant.privateKeys }
    /// Keys of single domains and epochs, for those without the repository secret.
    package var derivedKeys: [DomainKeys] { grant.derivedKeys }

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        rootOwner: VerifyingKey,
        role: MemberRole,
        signingKey: consuming SigningKey,
        repositorySecret: SecretHolder?,
        privateKeys: [PrivateKey],
        derivedKeys: [DomainKeys] = []
    ) throws {
        grant = KeyGrant(
            repository: repository,
            rootOwner: rootOwner,
            member: try MemberID(of: signingKey.publicKey),
            role: role,
            repositorySecret: repositorySecret,
            privateKeys: privateKeys,
            derivedKeys: derivedKeys
        )
        self.signingKey = signingKey
    }

    /// Joins a grant with the seed of the member that it was made for.
    ///
    /// - Throws: `RepositoryError.integrity` if it was made for another.
    init(grant: KeyGrant, signingKey: consuming SigningKey) throws {
        guard try MemberID(of: signingKey.publicKey) == grant.member else {
            throw RepositoryError(.integrity, "a keyring names a member that its signing key does not make")
        }
        self.grant = grant
        self.signingKey = signingKey
    }

    /// This keyring with the keys of a later grant to the same member added.
    func merged(with later: KeyGrant) throws -> Keyring {
        guard later.repository == repository, later.rootOwner == rootOwner, later.member == member else {
            throw RepositoryError(.integrity, "the key slot of this member holds the keys of another")
        }
        let known = Set(privateKeys.map(\.publicKey))
        let derived = derivedKeys.filter { own in
            !later.derivedKeys.contains { $0.domain == own.domain && $0.epoch == own.epoch }
        }
        return try Keyring(
            repository: repository,
            rootOwner: rootOwner,
            role: later.role,
            signingKey: try SigningKey(seed: signingKey.seed()),
            repositorySecret: repositorySecret ?? later.repositorySecret,
            privateKeys: privateKeys + later.privateKeys.filter { !known.contains($0.publicKey) },
            derivedKeys: derived + later.derivedKeys
        )
    }

    /// The key that the member's slots are sealed to.
    package func agreementKey() throws -> AgreementKey {
        try AgreementKey(memberSeed: signingKey.seed(), repository: repository)
    }

    /// This keyring with further private keys.
    func adding(_ keys: [PrivateKey]) throws -> Keyring {
        try Keyring(
            repository: repository,
            rootOwner: rootOwner,
            role: role,
            signingKey: try SigningKey(seed: signingKey.seed()),
            repositorySecret: repositorySecret,
            privateKeys: privateKeys + keys,
            derivedKeys: derivedKeys
        )
    }

    /// Whether there is a way to the keys of a domain and epoch.
    package func hasKeys(domain: DomainID, epoch: UInt32) -> Bool {
        repositorySecret != nil || derivedKeys.contains { $0.domain == domain && $0.epoch == epoch }
    }

    /// The keys of a domain and epoch, derived or carried.
    ///
    /// - Throws: `RepositoryError.notPermitted` if this keyring has no way to them.
    package func keys(domain: DomainID, epoch: UInt32) throws -> DomainKeys {
        if let repositorySecret {
            return try DomainKeys(
                secret: repositorySecret.secret,
                repository: repository,
                domain: domain,
                epoch: epoch
            )
        }
        if let keys = derivedKeys.first(where: { $0.domain == domain && $0.epoch == epoch }) { return keys }
        throw RepositoryError(.notPermitted, "this key does not open domain \(domain.hex), epoch \(epoch)")
    }
}
