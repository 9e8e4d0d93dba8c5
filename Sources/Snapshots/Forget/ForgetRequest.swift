package import Records
import Repository

/// What snapshots are grouped by before rules are applied to each group.
package enum SnapshotGrouping: String, Sendable, Hashable, CaseIterable {
    case host, dataset, paths, tags
}

/// Which snapshots are to be forgotten.
package struct ForgetRequest: Sendable {
    /// Snapshots that are named; then no rules are applied.
    package var named: [ObjectHash] = []
    /// Which snapshots the rules are applied to.
    package var filter = SnapshotList.Filter()
    /// What is kept.
    package var rules = RetentionRules()
    /// What snapshots are grouped by.
    package var grouping: Set<SnapshotGrouping> = [.host, .dataset]
    /// Whether a dataset may lose its last complete snapshot, and any share may go.
    package var allowsRemovingAll = false
    /// The greatest share of the snapshots that goes without being asked for, per cent.
    package var greatestShare: Double = 50
    /// So many snapshots may go whatever their share is: of few a share says nothing.
    package static let shareless = 20

    /// Nothing named and no rules.
    package init() {}
}

/// One snapshot and what becomes of it.
package struct JudgedSnapshot: Sendable {
    /// The snapshot.
    package var snapshot: Snapshot
    /// Its effective time, ns.
    package var time: Int64
    /// Whether it stays, and why.
    package var verdict: RetentionVerdict
}

/// Snapshots that were judged together.
package struct JudgedGroup: Sendable {
    /// What they have in common, by the names of the grouping.
    package var key: [SnapshotGrouping: [String]]
    /// The snapshots, the oldest first.
    package var snapshots: [JudgedSnapshot]
}

/// What a run of forget would do.
package struct ForgetPlan: Sendable {
    /// The groups.
    package var groups: [JudgedGroup] = []
    /// Why it must not be done without being asked for; empty if nothing speaks against it.
    package var refusals: [String] = []
    /// Other things to know.
    package var warnings: [String] = []

    /// Whether refusals are such as can be overruled.
    package var needsFlag: Bool { !refusals.isEmpty && !isFinal }
    /// Whether something that was named cannot be forgotten by anybody.
    var isFinal = false

    /// The snapshots that go.
    package var removed: [Snapshot] {
        groups.flatMap(\.snapshots).filter { !$0.verdict.isKept }.map(\.snapshot)
    }

    /// The snapshots that were looked at and stay.
    package var kept: [Snapshot] { groups.flatMap(\.snapshots).filter(\.verdict.isKept).map(\.snapshot) }
}
