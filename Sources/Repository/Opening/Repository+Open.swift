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
        let (keyring, slot, policies) =
            if case .keyFile(let holder) = credential, MemberKeyFile.isOne(holder.secret) {
                try openAsMember(
                    MemberKeyFile(parsing: holder.secret),
                    store: store,
                    format: format,
                    now: environment.now() / 1_000_000_000
                )
            } else {
                try openWithSlot(credential, store: store, format: format, warn: environment.warn)
            }
        try requireKnownFeatures(policies.current)
        for stray in policies.strays {
            environment.warn(
                "\(stray.name) is ignored: \(stray.reason); somebody who can write to the storage has put it there"
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

    /// Opens with a password, a slot's key file or recovery words, and adds what the member was granted since.
    private static func openWithSlot(
        _ credential: Credential,
        store: any ObjectStore,
        format: FormatHeader,
        warn: (String) -> Void
    ) throws -> (Keyring, ObjectHash?, PolicyChain) {
        let slots = try Slots(store: store, repository: format.repository, warn: warn)
        let (base, slot) = try slots.open(credential, repository: format.repository)
        guard base.repository == format.repository else {
            throw RepositoryError(
                .integrity,
                "the key slot belongs to another repository: somebody has swapped objects"
            )
        }
        let policies = try PolicyChain(
            store: store,
            repository: format.repository,
            rootOwner: base.rootOwner,
            rootPolicy: format.rootPolicy
        )
        guard policies.current.slots.contains(slot) else {
            throw RepositoryError(
                .wrongKey,
                "this key has been removed from the repository (its slot is not in the policy in force)"
            )
        }
        guard let member = policies.current.member(base.member), !member.slots.isEmpty,
            policies.current.revocation(of: member.id) == nil
        else { return (base, slot, policies) }
        let (grant, _) = try MemberSlots.open(
            member,
            with: base.agreementKey(),
            store: store,
            repository: base.repository
        )
        return (try base.merged(with: grant), slot, policies)
    }

    /// Opens with a member's key file.
    private static func openAsMember(
        _ file: consuming MemberKeyFile,
        store: any ObjectStore,
        format: FormatHeader,
        now: Int64
    ) throws -> (Keyring, ObjectHash?, PolicyChain) {
        guard file.repository == format.repository else {
            throw RepositoryError(
                .wrongKey,
                "the key file belongs to repository \(file.repository.hex.prefix(16))…, this is "
                    + "\(format.repository.hex.prefix(16))…"
            )
        }
        // The chain hangs on the owner that the key file names: a keyring alone could be sealed by anybody.
        let policies = try PolicyChain(
            store: store,
            repository: file.repository,
            rootOwner: file.rootOwner,
            rootPolicy: format.rootPolicy
        )
        let signingKey = try SigningKey(seed: file.seed)
        let id = try MemberID(of: signingKey.publicKey)
        guard let member = policies.current.member(id) else {
            throw RepositoryError(
                .wrongKey,
                "this key file's member is not enrolled: an owner does it with holdfast member add and the line that "
                    + "holdfast member join has printed"
            )
        }
        guard policies.current.revocation(of: id) == nil else {
            throw RepositoryError(.wrongKey, "member \(member.name) has been revoked: this key file opens nothing")
        }
        guard member.isValid(at: now) else {
            throw RepositoryError(
                .wrongKey,
                "the rights of member \(member.name) have ended: an owner has to enrol it anew"
            )
        }
        guard !member.slots.isEmpty else {
            throw RepositoryError(.wrongKey, "the policy names no key slot for member \(member.name): enrol it anew")
        }
        let agreementKey = try AgreementKey(memberSeed: file.seed, repository: file.repository)
        let (grant, slot) = try MemberSlots.open(member, with: agreementKey, store: store, repository: file.repository)
        guard grant.rootOwner == file.rootOwner else {
            throw RepositoryError(.integrity, "the key slot names another owner than the key file")
        }
        return (try Keyring(grant: grant, signingKey: signingKey), slot, policies)
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
            if hash != chain.hashes[Int(known.policyNumber)] {
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
