import Cryptography
import Records
package import Repository

/// Frees the space of what no snapshot needs, while backups go on (format.md §13, §14).
///
/// Nothing is locked. A plan is announced; runs that may not have seen it are waited for, or held for dead; what they
/// committed is taken off the plan; a record that can exist once decides; only then is anything deleted. Killed at any
/// moment it leaves a repository that is whole, and the next prune goes on from there.
package final class Prune {
    let repository: Repository
    let options: PruneOptions
    let observer: any PruneObserver
    /// Counters for progress lines.
    package let progress: PruneProgress

    /// Prepares a prune.
    package init(
        repository: Repository,
        options: PruneOptions,
        observer: any PruneObserver,
        progress: PruneProgress = PruneProgress()
    ) {
        self.repository = repository
        self.options = options
        self.observer = observer
        self.progress = progress
    }

    /// Runs it.
    ///
    /// - Throws: `RepositoryError.busy` if another prune is at work, `.integrity` if it is not known what snapshots need,
    ///   `.notPermitted` for a key of a writer or reader. Until the plan is decided nothing is deleted.
    package func run() throws -> PruneSummary {
        guard repository.policies.maintainsNow(repository.keyring.member) else {
            throw RepositoryError(.notPermitted, "only an owner or a manager may free space; this key is neither's")
        }
        if options.isDryRun {
            let situation = try examine(nil)
            let decision = try decide(situation)
            return summary(situation, decision, isDryRun: true)
        }
        let run = try WriteRun.begin(repository, options: options.writing, activity: .prune)
        do {
            let summary = try carryOut(run)
            run.finish()
            return summary
        } catch {
            run.abandon()
            throw error
        }
    }

    private func carryOut(_ run: WriteRun) throws -> PruneSummary {
        let own = RunReference(member: repository.keyring.member, run: run.run)
        let older = try repository.settle(try repository.olderPrunes(than: own), patiently: false) { runs in
            observer.waits(for: runs)
            try pulse(run)
        }
        if older.values.contains(.alive) {
            throw RepositoryError(.busy, "another prune is at work; wait for its end")
        }
        let situation = try examine(run)
        var decision = try decide(situation)
        let doubtful = try confirm(&decision, situation, run)
        let repacked = try repack(decision, situation, run)
        let packs =
            decision.delete.map(\.pack)
            + decision.repack.map(\.pack).filter { repacked.replacements[$0.name] != nil }
        let fragments = try fragmentsToDelete(situation, planned: Set(packs.map(\.name)))
        var summary = summary(situation, decision, isDryRun: false)
        summary.packsDamaged = doubtful + repacked.damaged.count + situation.unknownPacks
        summary.bytesWritten = repacked.storedBytes
        for (pack, error) in repacked.damaged {
            observer.warning("pack \(pack.hex) stays, since something in it that is needed cannot be read: \(error)")
        }
        var gone = Set(situation.doomed.keys)
        var log = situation.log
        var decided = situation.book
        if !packs.isEmpty || !fragments.isEmpty || !situation.book.openPlans.isEmpty {
            let plan = try repository.announce(
                number: situation.book.nextNumber,
                packs: packs,
                fragments: Array(fragments.keys),
                replacements: replacements(packs, repacked, situation)
            )
            let outcome = try settle(plan, situation, own, run)
            gone.formUnion(outcome.deleted)
            log = outcome.log
            decided = try PlanBook.load(repository)
            summary.packsTakenBack = plan.plan.packs.count - outcome.deleted.count
            summary.runsHeldForDead = outcome.heldForDead
        }
        try delete(gone, fragments, situation, log, decided, own, run, &summary)
        return summary
    }

    /// Decides what happens to each pack.
    private func decide(_ situation: PruneSituation) throws -> PruneDecision {
        let facts = try situation.survey.packs.map { usage in
            var fact = PackFacts(usage: usage, isProtected: situation.lists.protected.contains(usage.pack.name))
            let isSmall = options.policy.joinsSmall && usage.pack.byteCount < options.policy.smallBelow
            if usage.liveCount > 0, usage.deadBytes > 0 || isSmall {
                fact.isRepackable = try repository.canRepack(usage.pack)
            }
            return fact
        }
        return PruneDecision.decide(facts, options.policy)
    }

    /// Takes off what is to be deleted the packs whose own directory contradicts the index.
    ///
    /// - Returns: how many could not be read or hold more than the index says.
    private func confirm(_ decision: inout PruneDecision, _ situation: PruneSituation, _ run: WriteRun) throws -> Int {
        var doubtful = 0
        decision.delete = try decision.delete.filter { usage in
            try pulse(run)
            switch try repository.confirmDead(usage.pack, situation.survey, situation.live, situation.board) {
            case .dead: return true
            case .active:
                decision.protected += 1
                decision.protectedBytes += usage.pack.byteCount
                return false
            case .doubtful(let reason):
                observer.warning("pack \(usage.pack.name.hex) stays: \(reason)")
                doubtful += 1
                return false
            }
        }
        return doubtful
    }

    private func repack(_ decision: PruneDecision, _ situation: PruneSituation, _ run: WriteRun) throws
        -> Repacker.Result
    {
        guard !decision.repack.isEmpty else { return Repacker.Result() }
        observer.begins(.repack)
        let bytes = decision.repack.reduce(0) { $0 + $1.pack.byteCount }
        progress.expect(items: decision.repack.count, bytes: bytes, arePacks: true)
        let repacker = Repacker(run: run, index: situation.index, live: situation.live, survey: situation.survey)
        return try repacker.run(decision.repack) { progress.add(bytes: $0.pack.byteCount) }
    }

    /// What stands for each pack of the plan: its new packs, and those that hold the copies that stay.
    private func replacements(
        _ packs: [PackReference],
        _ repacked: Repacker.Result,
        _ situation: PruneSituation
    ) -> [ObjectHash: [ObjectHash]] {
        var replacements: [ObjectHash: [ObjectHash]] = [:]
        for pack in packs {
            let new = Set(repacked.replacements[pack.name] ?? []).union(situation.survey.stands[pack.name] ?? [])
            if !new.isEmpty { replacements[pack.name] = new.sorted() }
        }
        return replacements
    }

    private func summary(_ situation: PruneSituation, _ decision: PruneDecision, isDryRun: Bool) -> PruneSummary {
        var summary = PruneSummary()
        summary.snapshots = situation.log.commits.count
        summary.packs = situation.present.count + situation.doomed.count
        summary.packBytes = situation.present.values.reduce(0, +) + situation.doomed.values.reduce(0, +)
        summary.unusedBytes = situation.survey.packs.reduce(0) { $0 + $1.deadBytes }
        summary.packsRepacked = decision.repack.count
        summary.bytesRepacked = decision.repack.reduce(0) { $0 + $1.pack.byteCount }
        summary.unusedRemaining = decision.remainingUnused
        summary.unusedUnreadable = decision.unreadableUnused
        summary.packsProtected = decision.protected
        summary.bytesProtected = decision.protectedBytes
        if isDryRun {
            let all = decision.delete + decision.repack
            summary.packsDeleted = all.count
            summary.bytesDeleted = all.reduce(0) { $0 + $1.pack.byteCount }
            summary.bytesWritten = decision.repack.reduce(0) { $0 + $1.liveBytes }
        }
        return summary
    }
}
