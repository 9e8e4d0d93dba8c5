package import Cryptography
package import ObjectStorage
package import Records

/// The verified chain of policies (format.md §4).
package struct PolicyChain: Sendable {
    /// The policies from number 0 on.
    package private(set) var policies: [Policy]
    /// The hash of the object of each, in the same order.
    package private(set) var hashes: [ObjectHash]
    /// Every key that any policy has listed, by member.
    private var keys: [MemberID: VerifyingKey]

    /// The policy in force.
    package var current: Policy { policies[policies.count - 1] }
    /// The hash of the object of the policy in force.
    package var headHash: ObjectHash { hashes[hashes.count - 1] }

    /// Reads and verifies all policies of a store.
    ///
    /// - Parameters:
    ///   - rootOwner: the owner that must have signed policy 0.
    ///   - rootPolicy: the hash of policy 0 as the public header states it.
    /// - Throws: `RepositoryError.integrity` for a missing, forged or altered policy.
    package init(
        store: any ObjectStore,
        repository: RepositoryID,
        rootOwner: VerifyingKey,
        rootPolicy: ObjectHash
    ) throws {
        var names: [String] = []
        try store.list(prefix: ObjectNames.policies) { name, _ in
            // Names of another form are no part of the repository.
            if case .policy? = ObjectNames.parse(name.path) { names.append(name.path) }
        }
        names.sort()
        guard !names.isEmpty else { throw RepositoryError(.integrity, "the repository has no policy: it is damaged") }
        var policies: [Policy] = []
        var keys: [MemberID: VerifyingKey] = [:]
        var hashes: [ObjectHash] = []
        for (number, name) in names.enumerated() {
            guard name == ObjectNames.policy(UInt64(number)) else {
                throw RepositoryError(
                    .integrity,
                    "policy \(number) is missing though a later one exists: somebody has removed it"
                )
            }
            let object = try store.readAll(ObjectName(name), atMost: 4 << 20)
            let signer = try SignedRecord.signer(of: object, kind: .policy)
            guard
                let key = policies.last.map({ $0.isOwner(signer) ? $0.member(signer)?.key : nil }) ?? rootOwner
            else {
                throw RepositoryError(.integrity, "policy \(number) is not signed by an owner of the policy before it")
            }
            let policy = try SignedRecord.body(Policy.self, of: object, signedBy: key, repository: repository)
            guard policy.number == UInt64(number), policy.previous == hashes.last else {
                throw RepositoryError(.integrity, "policy \(number) does not follow the one before it")
            }
            try policy.validate()
            for member in policy.members { keys[member.id] = member.key }
            hashes.append(try unsafe SHA256.hash(object.span.bytes))
            policies.append(policy)
        }
        guard hashes.first == rootPolicy else {
            throw RepositoryError(
                .integrity,
                "policy 0 is not the one that the object \"format\" names: one of the two was replaced"
            )
        }
        self.policies = policies
        self.hashes = hashes
        self.keys = keys
    }

    /// The signing key of a member of any policy.
    package func key(of member: MemberID) -> VerifyingKey? { keys[member] }
}
