import Cryptography
import ObjectStorage
package import Records

/// What a commit is made of, besides what the run knows itself.
package struct CommitRequest: Sendable {
    /// Root page of the manifest.
    package var root: PageReference
    /// The sealed part.
    package var details: CommitDetails
    /// Silence longer than this is withholding, seconds; 0 promises nothing.
    package var interval: UInt64 = 0
    /// The snapshot that this one replaces in listings.
    package var replaces: ObjectHash?
    /// Further lists that the snapshot needs: those of the snapshot it replaces.
    package var inheritedLists: [PackListReference] = []

    /// The required parts.
    package init(root: PageReference, details: CommitDetails) {
        self.root = root
        self.details = details
    }
}

extension WriteRun {
    /// Makes everything durable and commits: after this the snapshot exists.
    ///
    /// - Parameter log: the commits, read after the run had begun.
    /// - Returns: the snapshot id.
    /// - Throws: `RepositoryError.heldForDead` if a prune gave this run up meanwhile: everything must be resolved again,
    ///   by a new run.
    package func commit(_ request: CommitRequest, log: CommitLog) throws -> ObjectHash {
        if let replaced = request.replaces, !log.commits.contains(where: { $0.id == replaced }) {
            // What was forgotten before this run began may be on a prune's plan: its data must not be committed again.
            throw RepositoryError(.invalidRequest, "snapshot \(replaced.hex.prefix(8)) was forgotten meanwhile")
        }
        let added = try finishPacks()
        try check()
        let member = repository.keyring.member
        let addedLists = added.map { PackListReference(member: member, run: run, number: $0.number, hash: $0.hash) }
        // A list that is both inherited and known from before is named once.
        let own = try writeReferredLists(after: UInt64(added.count), log: log)
        let referred = own + request.inheritedLists.filter { !own.contains($0) }
        let head = try ownHead(log)
        let chain = head.map(\.incarnation)
        let incarnation = try chain ?? Incarnation.random()
        let number = (head?.number ?? 0) + 1
        let salt = try Random.bytes(32)
        let sealed = try SealedDetails.seal(
            request.details,
            key: metadataKey,
            salt: salt,
            binding: SealedDetails.Binding(
                repository: repository.id,
                domain: keys.domain,
                member: member,
                incarnation: incarnation,
                run: run,
                number: number
            ),
            suite: repository.suite
        )
        let policies = repository.policies
        let commit = Commit(
            repository: repository.id,
            signer: member,
            domain: keys.domain,
            epoch: keys.epoch,
            incarnation: incarnation,
            run: run,
            certificateSerial: policies.current.member(member)?.certificateSerial ?? 0,
            policyNumber: policies.current.number,
            policyHash: policies.headHash,
            dataset: try keys.datasetID(of: request.details.dataset),
            number: number,
            previous: head?.hash,
            time: repository.environment.now(),
            root: request.root,
            addedPackLists: addedLists,
            referredPackLists: referred,
            heads: log.heads.values
                .filter { !($0.member == member && $0.incarnation == incarnation) }
                .sorted { ($0.member, $0.incarnation) < ($1.member, $1.incarnation) },
            keyBox: metadataKey.box,
            salt: salt,
            sealed: sealed,
            interval: request.interval,
            replaced: request.replaces
        )
        let object = try SignedRecord.sign(commit, with: repository.keyring.signingKey)
        let id = try unsafe SHA256.hash(object.span.bytes)
        let name = ObjectNames.commit(member: member, incarnation: incarnation, number: number, hash: id)
        try repository.store.put(ObjectName(name), object)
        let newHead = CommitHead(member: member, incarnation: incarnation, number: number, hash: id)
        // The snapshot exists. Without the state the next run starts a new chain, which is no reason to call this one
        // failed.
        repository.remember { state in
            state.ownHeads[member] = newHead
            state.note(newHead)
        }
        // A prune writes `dead` before it lists commits: it has seen this commit, or we see what it wrote.
        try lease.requireAlive()
        try? lease.end(commit: id)
        return id
    }

    /// The commit that this host's chain ends with; `nil` starts a new incarnation.
    ///
    /// A host whose state is missing, or behind what the repository shows (it was restored from an image), must not
    /// continue the chain: it would fork it. Nor one whose last commit the store no longer shows: the gap would be
    /// blamed on this host.
    private func ownHead(_ log: CommitLog) throws -> CommitHead? {
        guard let own = repository.stateFile?.load().ownHeads[repository.keyring.member] else { return nil }
        let shown = log.heads[ChainID(member: own.member, incarnation: own.incarnation)]
        return shown?.number == own.number && shown?.hash == own.hash ? own : nil
    }

    /// Writes lists of the packs that the snapshot needs and the run did not add, in groups that successive runs share.
    private func writeReferredLists(after first: UInt64, log: CommitLog) throws -> [PackListReference] {
        let groups = PackGroups.groups(of: index.packsReferredTo())
        guard !groups.isEmpty else { return [] }
        let known = try knownGroups(log)
        var references: [PackListReference] = []
        var number = first
        let member = repository.keyring.member
        for group in groups {
            if let same = known[group] {
                references.append(same)
                continue
            }
            let list = PackList(
                repository: repository.id,
                signer: member,
                domain: keys.domain,
                epoch: keys.epoch,
                run: run,
                number: number,
                kind: .referred,
                packs: group,
                fragments: []
            )
            let object = try SignedRecord.sign(list, with: repository.keyring.signingKey)
            try repository.store.put(
                ObjectName(ObjectNames.packList(member: member, run: run, number: number)),
                object
            )
            unsafe references.append(
                PackListReference(member: member, run: run, number: number, hash: try SHA256.hash(object.span.bytes))
            )
            number += 1
        }
        return references
    }

    /// The lists that this member's last commits name, by what they list.
    private func knownGroups(_ log: CommitLog) throws -> [[PackReference]: PackListReference] {
        let member = repository.keyring.member
        guard let key = repository.policies.key(of: member) else { return [:] }
        var known: [[PackReference]: PackListReference] = [:]
        for commit in log.commits.suffix(3).reversed() where commit.commit.signer == member {
            for reference in commit.commit.referredPackLists
            where reference.member == member && !known.values.contains(reference) {
                let name = ObjectNames.packList(member: member, run: reference.run, number: reference.number)
                // A list that cannot be read is written again.
                guard let object = try? repository.store.readAll(ObjectName(name), atMost: 64 << 20),
                    try unsafe SHA256.hash(object.span.bytes) == reference.hash,
                    let list = try? SignedRecord.body(
                        PackList.self,
                        of: object,
                        signedBy: key,
                        repository: repository.id
                    ),
                    list.kind == .referred
                else { continue }
                known[list.packs] = reference
            }
        }
        return known
    }
}

/// Cuts an ascending list of packs into groups whose bounds depend on the names alone (format.md §10).
enum PackGroups {
    static func groups(of packs: [PackReference]) -> [[PackReference]] {
        var groups: [[PackReference]] = []
        var group: [PackReference] = []
        for pack in packs {
            group.append(pack)
            if pack.name.prefix64 >> 56 < 4 || group.count == 4096 {
                groups.append(group)
                group = []
            }
        }
        if !group.isEmpty { groups.append(group) }
        return groups
    }
}
