import Cryptography
import ObjectStorage
package import Records

/// A plan that this run has announced and nobody has decided yet.
package struct AnnouncedPlan: Sendable {
    /// The plan.
    package let plan: PrunePlan
    /// The SHA-256 of its object.
    package let hash: ObjectHash
}

extension Repository {
    /// Announces what will be deleted; durable on return.
    package func announce(
        number: UInt64,
        packs: [PackReference],
        fragments: [ObjectHash],
        replacements: [ObjectHash: [ObjectHash]]
    ) throws -> AnnouncedPlan {
        let plan = PrunePlan(
            repository: id,
            signer: keyring.member,
            number: number,
            time: environment.now(),
            packs: packs.sorted { $0.name < $1.name },
            fragments: fragments.sorted(),
            replacements: replacements.sorted { $0.key < $1.key }.map { ReplacedPack(old: $0.key, new: $0.value) }
        )
        let object = try SignedRecord.sign(plan, with: keyring.signingKey)
        let hash = try unsafe SHA256.hash(object.span.bytes)
        do {
            try store.put(ObjectName(ObjectNames.plan(number: number, hash: hash)), object)
        } catch let error as StorageError where error.code == .alreadyExists {
            // The same plan to the nanosecond, by a prune that died or runs beside this one: either may decide it.
        }
        return AnnouncedPlan(plan: plan, hash: hash)
    }

    /// Decides a plan: from now on its packs but those taken back are gone.
    ///
    /// - Parameters:
    ///   - kept: the packs that are taken back; all of them withdraw the plan.
    ///   - deadRuns: runs held for dead of which no commit was there when commits were listed last.
    /// - Throws: `RepositoryError.busy` if another prune was faster: this plan can no longer be carried out.
    package func decide(
        _ announced: AnnouncedPlan,
        heads: [CommitHead],
        kept: [ObjectHash],
        deadRuns: Set<RunReference>
    ) throws {
        let done = PlanDone(
            repository: id,
            signer: keyring.member,
            number: announced.plan.number,
            plan: announced.hash,
            time: environment.now(),
            heads: heads,
            kept: kept.sorted(),
            deadRuns: deadRuns.sorted()
        )
        do {
            try store.put(
                ObjectName(ObjectNames.planDone(announced.plan.number)),
                try SignedRecord.sign(done, with: keyring.signingKey)
            )
        } catch let error as StorageError where error.code == .alreadyExists {
            throw RepositoryError(
                .busy,
                "another prune has decided what is deleted while this one was at work; nothing is lost, run it again"
            )
        }
    }

    /// Deletes an object if it is there.
    ///
    /// - Returns: whether it was.
    @discardableResult
    package func removeIfPresent(_ name: String) throws -> Bool {
        do {
            try store.remove(ObjectName(name))
            return true
        } catch let error as StorageError where error.code == .notFound {
            return false
        }
    }
}

extension HistoryProblem {
    /// Whether snapshots may exist that are not seen: then nobody knows what is needed.
    package var mayHideSnapshots: Bool {
        // What is wrong with other records makes more count, not less.
        ![.fork, .silence, .replacement, .forgottenRecord, .receipt, .hold, .sealedPart].contains(kind)
    }
}

extension Repository {
    /// What was erased by owners.
    package func erasures() throws -> [Erasure] {
        var numbers: [UInt64] = []
        try store.list(prefix: ObjectNames.erasures) { name, _ in
            if case .erasure(let number)? = ObjectNames.parse(name.path) { numbers.append(number) }
        }
        let reader = RecordReader(store: store, repository: id, policies: policies)
        return try numbers.map { try reader.read(Erasure.self, ObjectNames.erasure($0)) }
    }
}
