import Cryptography
import ObjectStorage
package import Records

/// A member to be enrolled.
package struct NewMember: Sendable {
    /// What its side has sent.
    package var request: MemberRequest
    /// What it may do.
    package var role: MemberRole
    /// The domains it may use, by name; none means all.
    package var domains: [String] = []
    /// How long its certificate holds, seconds; nil for ever.
    package var validSeconds: Int64?

    /// The required parts.
    package init(_ request: MemberRequest, role: MemberRole) {
        self.request = request
        self.role = role
    }
}

extension Repository {
    /// Enrols a member: its key slot first, then the policy that makes it one.
    ///
    /// - Returns: the member as the policy states it.
    /// - Throws: `RepositoryError.notPermitted` for anyone but an owner, `.invalidRequest` for a request that is for
    ///   another repository, whose name is taken, or that is enrolled already.
    package func addMember(_ new: NewMember) throws -> PolicyMember {
        try requireOwner()
        let request = new.request
        guard request.repository == id else {
            throw RepositoryError(
                .invalidRequest,
                "the request is for repository \(request.repository.hex.prefix(16))…, this is \(id.hex.prefix(16))…"
            )
        }
        guard request.rootOwner == keyring.rootOwner else {
            throw RepositoryError(
                .invalidRequest,
                """
                the request was made for another repository of the same id: somebody shows its host a forged one; do \
                not use its key file
                """
            )
        }
        let domains = try new.domains.map { try domain(named: $0).id }
        guard new.role != .manager || domains.isEmpty else {
            throw RepositoryError(.invalidRequest, "a manager sees the metadata of all domains: give no --domain")
        }
        guard new.role != .owner || domains.isEmpty else {
            throw RepositoryError(.invalidRequest, "an owner has the keys of all domains: give no --domain")
        }
        let now = environment.now() / 1_000_000_000
        var member = PolicyMember(
            id: try MemberID(of: request.key),
            name: request.name,
            key: request.key,
            role: new.role,
            certificateSerial: 0,
            domains: domains,
            notAfter: new.validSeconds.map { now + $0 } ?? 0,
            agreementKey: request.agreementKey
        )
        try publishSlots { policy, seal in
            guard policy.member(member.id) == nil else {
                throw RepositoryError(
                    .invalidRequest,
                    "this request is enrolled already: every member needs its own key"
                )
            }
            let namesakes = policy.members.filter { $0.name == member.name && policy.revocation(of: $0.id) == nil }
            guard namesakes.isEmpty else {
                throw RepositoryError(.invalidRequest, "there is a member \(member.name) already: choose another name")
            }
            member.certificateSerial = (policy.members.map(\.certificateSerial).max() ?? 0) + 1
            member.slots = try seal(member, policy, keyring)
            policy.members.append(member)
        }
        return member
    }

    /// Revokes a member: what it has committed until now counts, nothing later does.
    ///
    /// Whoever has its key keeps what the key gave: a rotation of keys is what keeps the future from it.
    ///
    /// - Parameter log: all commits, loaded just before.
    /// - Throws: `RepositoryError.invalidRequest` for oneself or a member that is revoked already.
    package func revokeMember(_ id: MemberID, log: CommitLog) throws -> Revocation {
        try requireOwner()
        guard id != keyring.member else {
            throw RepositoryError(.invalidRequest, "nobody revokes himself: another owner has to do it")
        }
        let accepted = log.heads.values.filter { $0.member == id }
            .map { AcceptedHead(incarnation: $0.incarnation, number: $0.number, hash: $0.hash) }
            .sorted { $0.incarnation < $1.incarnation }
        let revocation = Revocation(
            member: id,
            time: environment.now(),
            accepted: accepted,
            forgottenRecords: log.forgotten.nextNumber
        )
        var slots: [ObjectHash] = []
        try publishPolicy { policy in
            guard let index = policy.members.firstIndex(where: { $0.id == id }) else {
                throw RepositoryError(.invalidRequest, "there is no member \(id.hex.prefix(8)) in the policy in force")
            }
            guard policy.revocation(of: id) == nil else {
                throw RepositoryError(.invalidRequest, "member \(policy.members[index].name) is revoked already")
            }
            slots = policy.members[index].slots
            policy.members[index].slots = []
            policy.revocations.append(revocation)
        }
        removeSlotObjects(slots)
        return revocation
    }

    /// Adds a domain: data in it is kept apart from that of others, and deduplicates within it alone.
    ///
    /// Open the repository anew to read what is written into it.
    ///
    /// - Throws: `RepositoryError.invalidRequest` for a name that is taken or cannot be one.
    package func addDomain(named name: String) throws -> PolicyDomain {
        try requireOwner()
        try MemberRequest.validate(name: name)
        let id = try DomainID.random()
        let reader = PrivateKey(domain: id, key: try AgreementKey.generate())
        let domain = PolicyDomain(id: id, name: name, epoch: 1, readers: [reader.publicKey])
        try renewSlots(adding: [reader]) { policy in
            guard !policy.domains.contains(where: { $0.name == name }) else {
                throw RepositoryError(.invalidRequest, "there is a domain \(name) already")
            }
            policy.domains.append(domain)
        }
        return domain
    }

    /// Begins a new epoch of some domains, or of all and with new manager keys as well.
    ///
    /// Members that are not revoked get the new keys through new slots; what was written before stays readable to whoever
    /// holds the old ones. Open the repository anew to read what is written from now on.
    ///
    /// - Parameter names: the domains; none means all.
    /// - Returns: the domains as they are now.
    package func rotateKeys(domains names: [String] = []) throws -> [PolicyDomain] {
        try requireOwner()
        let chosen = Set(try names.isEmpty ? policy.domains.map(\.id) : names.map { try domain(named: $0).id })
        var keys: [PrivateKey] = []
        for id in policy.domains.map(\.id) where chosen.contains(id) {
            keys.append(PrivateKey(domain: id, key: try AgreementKey.generate()))
        }
        let readers = keys
        let manager = names.isEmpty ? PrivateKey(domain: nil, key: try AgreementKey.generate()) : nil
        if let manager { keys.append(manager) }
        try renewSlots(adding: keys) { policy in
            for index in policy.domains.indices {
                guard let reader = readers.first(where: { $0.domain == policy.domains[index].id }) else { continue }
                guard policy.domains[index].epoch < UInt32.max else {
                    throw RepositoryError(.invalidRequest, "domain \(policy.domains[index].name) has no epochs left")
                }
                policy.domains[index].epoch += 1
                policy.domains[index].readers = [reader.publicKey]
            }
            if let manager { policy.managers = [manager.publicKey] }
        }
        return policy.domains.filter { chosen.contains($0.id) }
    }

    /// The domain of a name.
    ///
    /// - Throws: `RepositoryError.invalidRequest` if there is none.
    package func domain(named name: String) throws -> PolicyDomain {
        guard let domain = policy.domains.first(where: { $0.name == name }) else {
            throw RepositoryError(
                .invalidRequest,
                "there is no domain \(name.debugDescription): holdfast domain list shows them"
            )
        }
        return domain
    }

    /// Gives every member a new slot under the next policy, and takes the old ones away.
    private func renewSlots(adding keys: [PrivateKey], _ change: (inout Policy) throws -> Void) throws {
        let keyring = try keyring.adding(keys)
        var old: [ObjectHash] = []
        try publishSlots { policy, seal in
            try change(&policy)
            for index in policy.members.indices where policy.revocation(of: policy.members[index].id) == nil {
                if policy.members[index].id == keyring.member {
                    policy.members[index].agreementKey = try keyring.agreementKey().publicKey
                }
                let member = policy.members[index]
                old += member.slots
                // Whose rights have ended gets no new keys.
                let hasEnded = member.notAfter != 0 && environment.now() / 1_000_000_000 > member.notAfter
                policy.members[index].slots = hasEnded ? [] : try seal(member, policy, keyring)
            }
        }
        removeSlotObjects(old)
    }

    /// Seals what a member may have under a policy: the names of the new slots.
    private typealias Sealing = (PolicyMember, Policy, Keyring) throws -> [ObjectHash]

    /// Writes slots, then the policy that names them.
    ///
    /// Slots are taken away again only if the policy was surely not written: where the store's answer was lost it may be in
    /// force, and nobody could open the repository by it. What is left then opens nothing.
    private func publishSlots(_ change: (inout Policy, Sealing) throws -> Void) throws {
        var written: [ObjectHash] = []
        var isSealed = false
        do {
            try publishPolicy { policy in
                try change(&policy) { member, policy, keyring in
                    let slots = try sealSlots(of: member, policy, keyring)
                    written += slots
                    return slots
                }
                isSealed = true
            }
        } catch let error as RepositoryError where !isSealed || error.code == .busy {
            removeSlotObjects(written)
            throw error
        }
    }

    private func sealSlots(of member: PolicyMember, _ policy: Policy, _ keyring: Keyring) throws -> [ObjectHash] {
        guard let recipient = member.agreementKey else { return [] }
        let grant = try KeyGrant(to: member, under: policy, from: keyring)
        // Only slots hold the readers' keys: what only one owner can open has a copy.
        return try (0..<(member.role == .owner ? 2 : 1)).map { _ in
            let object = try KeySlot.seal(
                grant,
                to: recipient,
                label: member.name,
                time: environment.now(),
                suite: policy.suite
            )
            let name = try unsafe SHA256.hash(object.span.bytes)
            try store.put(ObjectName(ObjectNames.slot(name)), object)
            return name
        }
    }

    /// Takes away slots that no policy names any longer: they open nothing, so a failure is only told.
    private func removeSlotObjects(_ names: [ObjectHash]) {
        for name in names {
            do {
                try store.remove(ObjectName(ObjectNames.slot(name)))
            } catch let error as StorageError where error.code == .notFound {
                continue
            } catch {
                environment.warn("key slot \(name), which is used no longer, could not be removed: \(error)")
            }
        }
    }
}
