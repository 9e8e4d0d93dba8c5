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

/// What one key slot opens: a member's secrets (format.md §5).
package final class Keyring: Sendable {
    /// The repository the keys belong to.
    package let repository: RepositoryID
    /// The owner that signs policy 0, from which the chain of policies is trusted.
    package let rootOwner: VerifyingKey
    /// The member.
    package let member: MemberID
    /// The member's role when the slot was made; the policy in force decides.
    package let role: MemberRole
    /// Signs what the member writes.
    package let signingKey: SigningKey
    /// The repository secret; a writer has none.
    package let repositorySecret: Secret?
    /// Reader and manager keys.
    package let privateKeys: [PrivateKey]
    /// Keys of single domains, for a writer.
    package let derivedKeys: [DomainKeys]

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        rootOwner: VerifyingKey,
        role: MemberRole,
        signingKey: consuming SigningKey,
        repositorySecret: consuming Secret?,
        privateKeys: [PrivateKey],
        derivedKeys: [DomainKeys] = []
    ) throws {
        self.repository = repository
        self.rootOwner = rootOwner
        member = try MemberID(of: signingKey.publicKey)
        self.role = role
        self.signingKey = signingKey
        self.repositorySecret = repositorySecret
        self.privateKeys = privateKeys
        self.derivedKeys = derivedKeys
    }

    /// The keys of a domain and epoch, derived or carried.
    ///
    /// - Throws: `RepositoryError.notPermitted` if this keyring has no way to them.
    package func keys(domain: DomainID, epoch: UInt32) throws -> DomainKeys {
        switch repositorySecret {
        case .some(let secret):
            return try DomainKeys(secret: secret, repository: repository, domain: domain, epoch: epoch)
        case .none:
            break
        }
        if let keys = derivedKeys.first(where: { $0.domain == domain && $0.epoch == epoch }) { return keys }
        throw RepositoryError(.notPermitted, "this key does not open domain \(domain.hex), epoch \(epoch)")
    }
}
