package import Records
package import Repository

/// Snapshots on hold: nobody forgets them.
package struct SnapshotHolds: Sendable {
    private let repository: Repository
    /// The snapshots.
    package let list: SnapshotList
    /// What commits replace.
    private let replaced: [ObjectHash: ObjectHash]

    /// Takes the snapshots of a repository.
    package init(_ repository: Repository, _ list: SnapshotList) {
        self.repository = repository
        self.list = list
        replaced = Dictionary(
            list.log.commits.compactMap { commit in commit.replaces.map { (commit.id, $0) } },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// A snapshot and a hold of it.
    package struct Held: Sendable {
        /// The snapshot, as it is listed now.
        package var snapshot: Snapshot
        /// The hold.
        package var hold: HoldLog.Entry
    }

    /// All holds in force, by the time of their snapshots.
    package func all(now: Int64) -> [Held] {
        list.snapshots.flatMap { snapshot in holds(of: snapshot, now: now).map { Held(snapshot: snapshot, hold: $0) } }
    }

    /// Why snapshots are on hold, by snapshot.
    package func reasons(now: Int64) -> [ObjectHash: String] {
        var reasons: [ObjectHash: String] = [:]
        for held in all(now: now) where reasons[held.snapshot.id] == nil {
            reasons[held.snapshot.id] = held.hold.reason.isEmpty ? "no reason given" : held.hold.reason
        }
        return reasons
    }

    /// A snapshot is on hold if it or one that it replaces is; each record counts once.
    private func holds(of snapshot: Snapshot, now: Int64) -> [HoldLog.Entry] {
        var seen: Set<UInt64> = []
        var found: [HoldLog.Entry] = []
        var next: ObjectHash? = snapshot.id
        // A commit names the hash of the one it replaces, so there is no circle.
        while let id = next {
            found += list.log.holds.holds(of: id, now: now).filter { seen.insert($0.number).inserted }
            next = replaced[id]
        }
        return found.sorted { $0.number < $1.number }
    }

    /// Puts snapshots on hold.
    ///
    /// - Parameter until: when the hold ends by itself, ns; 0 for never.
    /// - Throws: `RepositoryError.invalidRequest` if one was forgotten meanwhile, so that the hold came too late.
    package func add(_ snapshots: [Snapshot], reason: String, until: Int64) throws {
        let commits = Forgetting.commits(of: snapshots, in: list.log).map(\.id)
        try repository.writeHold(held: commits, until: until, reason: reason, log: list.log)
        // A forget that was under way may not have seen the hold.
        let after = Set(try CommitLog.load(repository).commits.map(\.id))
        for snapshot in snapshots where !after.contains(snapshot.id) {
            throw RepositoryError(
                .invalidRequest,
                "snapshot \(snapshot.shortID) was forgotten at the same moment: the hold came too late"
            )
        }
    }

    /// Releases snapshots from all holds.
    ///
    /// - Throws: `RepositoryError.notPermitted` if an owner put one on hold and this member is none,
    ///   `.invalidRequest` if one is not on hold.
    package func release(_ snapshots: [Snapshot], reason: String) throws {
        let isOwner = repository.policy.isOwner(repository.keyring.member)
        var commits: Set<ObjectHash> = []
        for snapshot in snapshots {
            let own = Forgetting.commits(of: [snapshot], in: list.log).map(\.id)
            let held = own.filter { !(list.log.holds.entries[$0] ?? []).isEmpty }
            guard !held.isEmpty else {
                throw RepositoryError(.invalidRequest, "snapshot \(snapshot.shortID) is not on hold")
            }
            if !isOwner, held.contains(where: { list.log.holds.entries[$0]?.contains(where: \.isOwners) ?? false }) {
                throw RepositoryError(
                    .notPermitted,
                    "an owner put snapshot \(snapshot.shortID) on hold, so only an owner may release it"
                )
            }
            commits.formUnion(held)
        }
        try repository.writeHold(released: Array(commits), reason: reason, log: list.log)
    }
}
