package import Cryptography
import FileSystem
package import ObjectStorage
package import Records
import Threads

/// An opened repository: verified header, policy and keys of one member.
package final class Repository: Sendable {
    /// Where the objects are.
    package let store: any ObjectStore
    /// The repository's id.
    package let id: RepositoryID
    /// The keys that the credential opened.
    package let keyring: Keyring
    /// The slot that the credential opened.
    package let slot: ObjectHash?
    /// Local directories, clock, warnings.
    package let environment: RepositoryEnvironment
    /// The local state file, if there is a place for it.
    package let stateFile: LocalStateFile?
    /// The packs that this host has found damaged.
    package let damagedPacks: DamagedPacks
    /// Packs that were looked at because a chunk did not come out of them.
    let suspects = Monitor<Set<ObjectHash>>([])
    private let policyChain: Monitor<PolicyChain>
    private let domainKeys = Monitor<[DomainEpoch: DomainKeys]>([:])
    private let contentKeys = Monitor<[OpenedBox: ContentKey]>([:])

    private struct DomainEpoch: Hashable {
        var domain: DomainID
        var epoch: UInt32
    }

    /// A key box, and where it was found: the same box elsewhere must be opened, and fail, anew.
    private struct OpenedBox: Hashable {
        var box: KeyBox
        var context: ContentKeyContext
    }

    init(
        store: any ObjectStore,
        keyring: Keyring,
        slot: ObjectHash?,
        policies: PolicyChain,
        environment: RepositoryEnvironment
    ) {
        self.store = store
        id = keyring.repository
        self.keyring = keyring
        self.slot = slot
        self.environment = environment
        stateFile = environment.state.map(LocalStateFile.init)
        damagedPacks = DamagedPacks(directory: environment.state)
        policyChain = Monitor(policies)
    }

    /// The verified policies.
    package var policies: PolicyChain { policyChain.withLock { $0 } }
    /// The policy in force.
    package var policy: Policy { policies.current }
    /// The suite in force.
    package var suite: CipherSuite { policy.suite }

    /// Reads the policies again, after one was added.
    func reloadPolicies() throws {
        let chain = try PolicyChain(
            store: store,
            repository: id,
            rootOwner: keyring.rootOwner,
            rootPolicy: policies.hashes[0]
        )
        try Repository.requireKnownFeatures(chain.current)
        policyChain.withLock { $0 = chain }
    }

    /// The domain that is used where none is named: the first that the member may use.
    package func defaultDomain() throws -> PolicyDomain {
        guard let first = policy.domains.first else {
            throw RepositoryError(.integrity, "the policy in force names no domain")
        }
        guard let member = policy.member(keyring.member), !member.domains.isEmpty else { return first }
        guard let domain = policy.domains.first(where: { member.mayUse($0.id) }) else {
            throw RepositoryError(.notPermitted, "this member may use none of the repository's domains")
        }
        return domain
    }

    /// The domain that a member writes into.
    ///
    /// - Parameter id: the domain, or nil for the default.
    /// - Throws: `RepositoryError.notPermitted` if the member may not write, or not there, or not now.
    package func writableDomain(_ id: DomainID? = nil) throws -> PolicyDomain {
        guard let member = policy.member(keyring.member), policy.revocation(of: member.id) == nil else {
            throw RepositoryError(.notPermitted, "this key's member may not add to the repository: it is no member")
        }
        guard member.role != .reader, member.role != .replica else {
            throw RepositoryError(.notPermitted, "this key may read the repository but not add to it")
        }
        guard member.isValid(at: environment.now() / 1_000_000_000) else {
            throw RepositoryError(
                .notPermitted,
                "the certificate of member \(member.name) does not hold at this time: an owner has to enrol it anew"
            )
        }
        guard let id else { return try defaultDomain() }
        guard let domain = policy.domain(id), member.mayUse(id) else {
            throw RepositoryError(.notPermitted, "member \(member.name) may not write into this domain")
        }
        return domain
    }

    /// The keys of a domain and epoch; derived once.
    package func keys(domain: DomainID, epoch: UInt32) throws -> DomainKeys {
        let name = DomainEpoch(domain: domain, epoch: epoch)
        if let known = domainKeys.withLock({ $0[name] }) { return known }
        let keys = try keyring.keys(domain: domain, epoch: epoch)
        domainKeys.withLock { $0[name] = keys }
        return keys
    }

    /// The content key in a box, opened once per run.
    ///
    /// - Parameter suite: the suite that the box was sealed by.
    /// - Throws: `RepositoryError.notPermitted` if this member is no recipient, `.integrity` for a forged box.
    func contentKey(_ box: KeyBox, context: ContentKeyContext, suite: CipherSuite) throws -> ContentKey {
        let name = OpenedBox(box: box, context: context)
        if let known = contentKeys.withLock({ $0[name] }) { return known }
        guard let key = try ContentKey.open(box, context: context, with: keyring.privateKeys, suite: suite) else {
            throw RepositoryError(
                .notPermitted,
                "this key may not read what the repository holds: use the key of a reader"
            )
        }
        contentKeys.withLock { keys in
            // Bounded: a hostile store could show ever new boxes.
            if keys.count >= 4096 { keys.removeAll() }
            keys[name] = key
        }
        return key
    }
}
