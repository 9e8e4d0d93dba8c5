package import Cryptography
package import ObjectStorage
package import Records

/// The verified chain of policies (format.md §4).
package struct PolicyChain: Sendable {
    /// Something below `policy/` that is no part of the chain: no owner has signed it.
    package struct Stray: Sendable, Hashable {
        /// The object's name.
        package var name: String
        /// Why it does not count.
        package var reason: String
    }

    /// The policies from number 0 on.
    package private(set) var policies: [Policy] = []
    /// The hash of the object of each, in the same order.
    package private(set) var hashes: [ObjectHash] = []
    /// What was passed over, by ascending number.
    package private(set) var strays: [Stray] = []
    /// Every key that any policy has listed, by member.
    private var keys: [MemberID: VerifyingKey] = [:]

    /// Objects behind the end of the chain that are looked at: whoever can plant them can plant any number.
    private static let mostStrays = 256

    /// The policy in force.
    package var current: Policy { policies[policies.count - 1] }
    /// The hash of the object of the policy in force.
    package var headHash: ObjectHash { hashes[hashes.count - 1] }

    /// Reads and verifies all policies of a store.
    ///
    /// What no owner has signed is passed over and noted, so that nobody locks members out by planting objects; but a
    /// policy that an owner has signed and that does not follow shows that others are withheld or were replaced.
    ///
    /// - Parameters:
    ///   - rootOwner: the owner that must have signed policy 0.
    ///   - rootPolicy: the hash of policy 0 as the public header states it.
    /// - Throws: `RepositoryError.integrity` for a missing, altered or forked policy, `.unsupported` for a newer one.
    package init(
        store: any ObjectStore,
        repository: RepositoryID,
        rootOwner: VerifyingKey,
        rootPolicy: ObjectHash
    ) throws {
        var numbers: [UInt64] = []
        try store.list(prefix: ObjectNames.policies) { name, _ in
            // Names of another form are no part of the repository.
            if case .policy(let number)? = ObjectNames.parse(name.path) { numbers.append(number) }
        }
        numbers.sort()
        guard !numbers.isEmpty else { throw RepositoryError(.integrity, "the repository has no policy: it is damaged") }
        guard numbers[0] == 0 else {
            throw RepositoryError(
                .integrity,
                "policy 0 is missing though a later one exists: somebody has removed it"
            )
        }
        for number in numbers {
            guard strays.count < Self.mostStrays else { break }
            let name = ObjectNames.policy(number)
            let signer: VerifyingKey
            let object: [UInt8]
            do {
                object = try store.readAll(ObjectName(name), atMost: RecordKind.policy.maximumByteCount)
                signer = try owner(that: object, isPolicy: number, repository: repository, rootOwner: rootOwner)
            } catch let error where number > 0 && error.isDamage {
                strays.append(Stray(name: name, reason: "\(error)"))
                continue
            }
            try append(object, number: number, signedBy: signer, repository: repository)
            if number == 0, headHash != rootPolicy {
                throw RepositoryError(
                    .integrity,
                    "policy 0 is not the one that the object \"format\" names: one of the two was replaced"
                )
            }
        }
    }

    /// The owner that has signed an object.
    ///
    /// - Throws: `RepositoryError.integrity` if none has.
    private func owner(
        that object: [UInt8],
        isPolicy number: UInt64,
        repository: RepositoryID,
        rootOwner: VerifyingKey
    ) throws -> VerifyingKey {
        let signer = try SignedRecord.signer(of: object, kind: .policy)
        guard let key = policies.last.map({ $0.isOwner(signer) ? $0.member(signer)?.key : nil }) ?? rootOwner else {
            throw RepositoryError(.integrity, "policy \(number) is not signed by an owner of the policy before it")
        }
        guard SignedRecord.isSigned(object, kind: .policy, by: key, repository: repository) else {
            throw RepositoryError(.integrity, "policy \(number) does not bear the signature of the owner that it names")
        }
        return key
    }

    /// Takes in what an owner has signed: it must follow.
    private mutating func append(
        _ object: [UInt8],
        number: UInt64,
        signedBy key: VerifyingKey,
        repository: RepositoryID
    ) throws {
        let policy = try SignedRecord.body(Policy.self, of: object, signedBy: key, repository: repository)
        let expected = UInt64(policies.count)
        // What an owner has signed under another name was copied there by somebody else.
        guard policy.number == number else {
            strays.append(
                Stray(name: ObjectNames.policy(number), reason: "it is a copy of policy \(policy.number)")
            )
            return
        }
        guard number == expected else {
            throw RepositoryError(
                .integrity,
                strays.contains { $0.name == ObjectNames.policy(expected) }
                    ? "policy \(expected) is damaged or was replaced though a later one exists; take it from another copy"
                    : "policy \(expected) is missing though a later one exists: somebody has removed it"
            )
        }
        guard policy.previous == hashes.last else {
            throw RepositoryError(
                .integrity,
                "policy \(number) does not follow the one before it: the policies were forked or one was replaced"
            )
        }
        for member in policy.members { keys[member.id] = member.key }
        hashes.append(try unsafe SHA256.hash(object.span.bytes))
        policies.append(policy)
    }

    /// The signing key of a member of any policy.
    package func key(of member: MemberID) -> VerifyingKey? { keys[member] }
}
