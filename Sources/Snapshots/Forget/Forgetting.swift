import Cryptography
import Records
package import Repository

/// Forgets snapshots: plans by what a look at the history has shown, and carries the plan out.
package struct Forgetting: Sendable {
    private let repository: Repository
    /// The snapshots before.
    package let list: SnapshotList
    /// What the look has shown.
    package let arrivals: Arrivals

    /// Looks at the history.
    ///
    /// - Parameter writesReceipts: whether receipts are written for what was not seen before.
    /// - Throws: `RepositoryError.notPermitted` for a member that may not forget.
    package init(_ repository: Repository, writesReceipts: Bool) throws {
        try repository.requireMaintenance(to: "forget snapshots")
        self.repository = repository
        let log = try CommitLog.load(repository)
        arrivals = try repository.look(log, writes: writesReceipts)
        list = try SnapshotList(repository, log: log)
    }

    /// What is wrong with the history.
    package var problems: [HistoryProblem] { list.problems + arrivals.problems }

    /// Plans.
    package func plan(_ request: ForgetRequest, calendar: CivilCalendar = .local) -> ForgetPlan {
        let now = repository.environment.now()
        let policies = repository.policies
        return ForgetPlanner(
            list: list,
            times: EffectiveTimes(list.log, arrivals: arrivals.times, policies: policies, now: now),
            limits: policies.current.retention,
            holds: SnapshotHolds(repository, list).reasons(now: now),
            now: now,
            calendar: calendar
        ).plan(request)
    }

    /// Carries a plan out: the record, durable, then the deletion, also of what an earlier run has left.
    ///
    /// Commits that a forgotten snapshot replaces (earlier tags) go with it.
    package func carryOut(_ plan: ForgetPlan) throws -> ForgettingResult {
        var result = try repository.deleteLeftovers(list.log)
        let commits = Forgetting.commits(of: plan.removed, in: list.log)
        let forgotten = try repository.forget(commits, log: list.log)
        result.deleted += forgotten.deleted
        result.failures += forgotten.failures
        return result
    }

    /// Forgets snapshots without a plan: those that a repair has replaced, or of which it found nothing left.
    package static func forget(_ snapshots: [Snapshot], in repository: Repository) throws -> ForgettingResult {
        let log = try CommitLog.load(repository)
        return try repository.forget(commits(of: snapshots, in: log), log: log)
    }

    /// Forgets the commits of snapshots that others have taken the place of, with all that they replace.
    package func forget(replaced snapshots: [Snapshot]) throws -> ForgettingResult {
        try repository.forget(Forgetting.commits(of: snapshots, in: list.log), log: list.log)
    }

    /// The commits of snapshots, with all that they replace.
    static func commits(of snapshots: [Snapshot], in log: CommitLog) -> [VerifiedCommit] {
        let byID = Dictionary(log.commits.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var wanted: Set<ObjectHash> = []
        for snapshot in snapshots {
            var next: ObjectHash? = snapshot.id
            while let id = next, let commit = byID[id], wanted.insert(id).inserted { next = commit.replaces }
        }
        return log.commits.filter { wanted.contains($0.id) }
    }
}
