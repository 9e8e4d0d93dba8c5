package import Cryptography
package import Records

/// The keys that a member gets by its role: all that a keyring holds but the member's own seed (format.md §5).
package final class KeyGrant: Sendable {
    /// The repository the keys belong to.
    package let repository: RepositoryID
    /// The owner that signs policy 0, from which the chain of policies is trusted.
    package let rootOwner: VerifyingKey
    /// The member.
    package let member: MemberID
    /// The member's role when the slot was made; the policy in force decides.
    package let role: MemberRole
    /// The repository secret; owners alone have it.
    package let repositorySecret: SecretHolder?
    /// Reader and manager keys.
    package let privateKeys: [PrivateKey]
    /// Keys of single domains and epochs, for those without the repository secret.
    package let derivedKeys: [DomainKeys]

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        rootOwner: VerifyingKey,
        member: MemberID,
        role: MemberRole,
        repositorySecret: SecretHolder?,
        privateKeys: [PrivateKey],
        derivedKeys: [DomainKeys]
    ) {
        self.repository = repository
        self.rootOwner = rootOwner
        self.member = member
        self.role = role
        self.repositorySecret = repositorySecret
        self.privateKeys = privateKeys
        self.derivedKeys = derivedKeys
    }

    /// What a member may have, by its role and the domains that its policy gives it.
    ///
    /// Owners have everything. Managers have the keys to metadata, and what opens directories and the index; readers have
    /// the reader keys of their domains, of all epochs; writers have what it takes to name, cut and file chunks in the
    /// present epoch of their domains, none of which opens what is stored. Replicas have nothing.
    ///
    /// - Parameter keyring: that of the owner who grants, with all keys.
    package convenience init(to member: PolicyMember, under policy: Policy, from keyring: Keyring) throws {
        var privateKeys: [PrivateKey] = []
        var derivedKeys: [DomainKeys] = []
        let domains = policy.domains.filter { member.mayUse($0.id) }
        func derive(_ domain: PolicyDomain, from first: UInt32) throws {
            for epoch in first...domain.epoch {
                derivedKeys.append(try keyring.keys(domain: domain.id, epoch: epoch))
            }
        }
        switch member.role {
        case .owner:
            privateKeys = keyring.privateKeys
        case .manager:
            privateKeys = keyring.privateKeys.filter { $0.domain == nil }
            for domain in domains { try derive(domain, from: 1) }
        case .writer:
            for domain in domains { try derive(domain, from: domain.epoch) }
        case .reader:
            let ids = Set(domains.map(\.id))
            privateKeys = keyring.privateKeys.filter { $0.domain.map(ids.contains) ?? false }
            for domain in domains { try derive(domain, from: 1) }
        case .replica:
            break
        }
        self.init(
            repository: keyring.repository,
            rootOwner: keyring.rootOwner,
            member: member.id,
            role: member.role,
            repositorySecret: member.role == .owner ? keyring.repositorySecret : nil,
            privateKeys: privateKeys,
            derivedKeys: derivedKeys
        )
    }
}
