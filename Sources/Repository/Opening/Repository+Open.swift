import Cryptography
package import ObjectStorage
package import Records

extension Repository {
    /// Opens the repository in a store.
    ///
    /// - Throws: `RepositoryError` with `.noRepository`, `.unsupported`, `.wrongKey` or `.integrity`; messages say what to
    ///   do about it.
    package static func open(
        store: any ObjectStore,
        credential: Credential,
        environment: RepositoryEnvironment
    ) throws -> Repository {
        let format = try readFormat(store)
        try refuseExamples(credential)
        let slots = try Slots(store: store, repository: format.repository, warn: environment.warn)
        let (keyring, slot) = try slots.open(credential, repository: format.repository)
        guard keyring.repository == format.repository else {
            throw RepositoryError(
                .integrity,
                "the key slot belongs to another repository: somebody has swapped objects"
            )
        }
        let policies = try PolicyChain(
            store: store,
            repository: format.repository,
            rootOwner: keyring.rootOwner,
            rootPolicy: format.rootPolicy
        )
        try requireKnownFeatures(policies.current)
        guard policies.current.slots.contains(slot) else {
            throw RepositoryError(
                .wrongKey,
                "this key has been removed from the repository (its slot is not in the policy in force)"
            )
        }
        let repository = Repository(
            store: store,
            keyring: keyring,
            slot: slot,
            policies: policies,
            environment: environment
        )
        try repository.rememberPolicy()
        return repository
    }

    /// Reads the public header.
    ///
    /// - Throws: `RepositoryError.noRepository` if there is none, `.unsupported` for a newer one, `.integrity` if damaged.
    package static func readFormat(_ store: any ObjectStore) throws -> FormatHeader {
        let bytes: [UInt8]
        do {
            bytes = try store.readAll(ObjectName("format"), atMost: 64 * 1024)
        } catch let error as StorageError where error.code == .notFound {
            throw RepositoryError(
                .noRepository,
                "there is no Holdfast repository at \(store.location); holdfast init makes one"
            )
        }
        do {
            return try FormatHeader(object: bytes)
        } catch let error as RecordError where error.code == .unsupported {
            throw RepositoryError(.unsupported, "the repository at \(store.location): \(error.message)")
        } catch let error as RecordError {
            throw RepositoryError(.integrity, "the object \"format\" at \(store.location) is damaged", cause: error)
        }
    }

    /// Refuses a policy that asks for what this version cannot do.
    ///
    /// - Throws: `RepositoryError.unsupported` naming the feature.
    static func requireKnownFeatures(_ policy: Policy) throws {
        do throws(RecordError) { try policy.requireKnownFeatures() } catch {
            throw RepositoryError(.unsupported, error.message)
        }
    }

    /// Notes something in the local state.
    ///
    /// A disk that is full or read-only must not keep anybody from reading or from a snapshot that exists, so a failure
    /// is told and no more.
    func remember(_ change: (inout LocalState) -> Void) {
        do {
            try stateFile?.update(change)
        } catch {
            environment.warn("what was seen of the repository cannot be remembered on this host: \(error)")
        }
    }

    /// Compares the policy in force with what this host remembers, and remembers it.
    ///
    /// - Throws: `RepositoryError.integrity` if the store shows an older policy than it once did.
    func rememberPolicy() throws {
        guard let stateFile else { return }
        let chain = policies
        let known = stateFile.load()
        if let hash = known.policyHash {
            guard known.policyNumber <= chain.current.number else {
                throw RepositoryError(
                    .integrity,
                    """
                    the store shows policy \(chain.current.number), but this host has seen \(known.policyNumber): the \
                    repository was rolled back or part of it withheld; compare it with another copy before you trust it
                    """
                )
            }
            if known.policyNumber == chain.current.number, hash != chain.headHash {
                throw RepositoryError(
                    .integrity,
                    "policy \(known.policyNumber) is not the one that this host has seen: the repository was forked"
                )
            }
        }
        if known.policyHash != chain.headHash {
            remember { state in
                if state.policyHash == nil || state.policyNumber <= chain.current.number {
                    state.policyNumber = chain.current.number
                    state.policyHash = chain.headHash
                }
            }
        }
    }

    private static func refuseExamples(_ credential: Credential) throws {
        if case .passphrase(let password) = credential { try ExampleSecrets.refuse(password: password.secret) }
        if case .recovery(let words) = credential { try ExampleSecrets.refuse(words.secret) }
    }
}
