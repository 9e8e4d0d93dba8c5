import Cryptography
import Records
import Repository

extension Prune {
    /// What came of a plan.
    struct Outcome {
        /// The packs that go.
        var deleted: Set<ObjectHash>
        /// The commits as they were when that was decided.
        var log: CommitLog
        /// Runs that were held for dead.
        var heldForDead: Int
    }

    /// Waits for the runs that may not have seen the plan, takes back what they need, and decides.
    ///
    /// Whatever fails before the decision withdraws the plan, so that its packs can be referred to again; if that fails
    /// too, the next prune does.
    func settle(
        _ plan: AnnouncedPlan,
        _ situation: PruneSituation,
        _ own: RunReference,
        _ run: WriteRun
    ) throws -> Outcome {
        var isDecided = false
        do {
            observer.begins(.waiting)
            let runs = try repository.runsToWaitFor(without: own)
            let outcomes = try repository.settle(runs) { runs in
                observer.waits(for: runs)
                try pulse(run)
            }
            // First who is dead, then what was committed: whoever commits after the second look finds the first.
            let board = try LeaseBoard.load(repository.store)
            let log = try loadLog()
            let kept = try neededAgain(plan, log, situation, run)
            let committed = Set(
                (log.commits + log.voidCommits).map { RunReference(member: $0.commit.signer, run: $0.commit.run) }
            )
            let dead = board.runs.filter { $0.value.isDead && !committed.contains($0.key) }.map(\.key)
            try run.keepAlive()
            isDecided = true
            try repository.decide(
                plan,
                heads: log.sortedHeads,
                kept: Array(kept),
                deadRuns: situation.book.deadRuns.union(dead)
            )
            return Outcome(
                deleted: Set(plan.plan.packs.map(\.name)).subtracting(kept),
                log: log,
                heldForDead: outcomes.values.count { $0 == .heldForDead }
            )
        } catch {
            if !isDecided { withdraw(plan, situation) }
            throw error
        }
    }

    /// Takes everything back.
    private func withdraw(_ plan: AnnouncedPlan, _ situation: PruneSituation) {
        try? repository.decide(
            plan,
            heads: situation.log.sortedHeads,
            kept: plan.plan.packs.map(\.name),
            deadRuns: situation.book.deadRuns
        )
    }

    /// The packs of a plan that snapshots need which were committed since they were looked at.
    private func neededAgain(
        _ plan: AnnouncedPlan,
        _ log: CommitLog,
        _ situation: PruneSituation,
        _ run: WriteRun
    ) throws -> Set<ObjectHash> {
        let known = Set(situation.log.commits.map(\.id))
        let new = log.commits.filter { !known.contains($0.id) }
        guard !new.isEmpty else { return [] }
        // Their packs are newer than the index that was loaded first.
        let index = try repository.loadIndexAnew { name, error in
            observer.warning("index fragment \(name.hex) cannot be used: \(error)")
        }
        _ = try repository.indexUncoveredPacks(index)
        let live = LiveChunks(index: index)
        try walk(new, index: index, live: live, before: situation.live, run)
        return try live.packs(of: Set(plan.plan.packs.map(\.name)))
    }
}

extension CommitLog {
    /// The heads of all chains in order.
    var sortedHeads: [CommitHead] {
        heads.values.sorted { ($0.member, $0.incarnation) < ($1.member, $1.incarnation) }
    }
}
