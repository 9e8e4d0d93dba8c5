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

    /// The domain that is used where none is named.
    package func defaultDomain() throws -> PolicyDomain {
        guard let domain = policy.domains.first else {
            throw RepositoryError(.integrity, "the policy in force names no domain")
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
                "this key can add to the repository but not read it: use the key of a reader"
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
