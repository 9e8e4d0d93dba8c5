import Cryptography
import Records
import Repository

/// What a prune finds before it decides: plans, packs, runs, commits, and what of each pack they need.
struct PruneSituation {
    let book: PlanBook
    /// The packs that the store lists, without those that a plan carried out deletes.
    let present: [ObjectHash: UInt64]
    /// Packs that a plan carried out deletes and that are still there.
    let doomed: [ObjectHash: UInt64]
    let board: LeaseBoard
    let log: CommitLog
    let index: LocalIndex
    let live: LiveChunks
    let survey: PackSurvey
    let lists: ListSurvey
    /// Packs whose directory does not open.
    let unknownPacks: Int
}

extension Prune {
    /// Looks at everything.
    ///
    /// In this order: what a run wrote after its packs were listed is not deleted, and a run that ended since counts as
    /// one that goes on.
    func examine(_ run: WriteRun?) throws -> PruneSituation {
        let book = try PlanBook.load(repository)
        if let problem = book.problems.first {
            throw RepositoryError(
                .integrity,
                "nothing was deleted: \(problem.object) is damaged or forged, and what it says decides what may go; remove "
                    + "it if you know who wrote it",
                cause: problem.error
            )
        }
        let before = try LeaseBoard.load(repository.store)
        var present = try repository.listPacks()
        let board = try LeaseBoard.load(repository.store).asOf(before)
        let doomed = present.filter { book.deleted.contains($0.key) }
        for pack in doomed.keys { present[pack] = nil }
        let log = try loadLog()

        // From the store alone: nothing that lies on this host decides what is deleted.
        let index = try repository.loadIndexAnew { name, error in
            observer.warning("index fragment \(name.hex) cannot be used: \(error)")
        }
        let uncovered = try repository.indexUncoveredPacks(index)
        _ = index.noteMissing(present: present)
        for (pack, error) in uncovered.damaged where present[pack.name] != nil {
            observer.warning("pack \(pack.name.hex) stays, since nobody knows what is in it: \(error)")
        }
        let live = LiveChunks(index: index)
        observer.begins(.snapshots)
        try walk(log.commits, index: index, live: live, before: nil, run)
        try markReplacements(in: live)
        observer.begins(.packs)
        let survey = try PackSurvey(
            live,
            present: present,
            mayStay: { _ in true },
            verify: try verifier(index, run)
        )
        if let missing = survey.missing {
            throw RepositoryError(
                .integrity,
                "nothing was deleted, since \(missing.count) chunks that snapshots need are in no pack (such as "
                    + "\(missing.example.hex.prefix(16))): run holdfast check, then repair or forget what it names"
            )
        }
        let lists = try ListSurvey(
            repository,
            log: log,
            board: board,
            keepSeconds: options.keepUnreferencedSeconds
        )
        return PruneSituation(
            book: book,
            present: present,
            doomed: doomed,
            board: board,
            log: log,
            index: index,
            live: live,
            survey: survey,
            lists: lists,
            unknownPacks: uncovered.damaged.count
        )
    }

    /// All commits; what is missing or damaged among them might be what keeps a chunk alive.
    func loadLog() throws -> CommitLog {
        let log = try CommitLog.load(repository)
        if let problem = log.problems.first(where: \.mayHideSnapshots) {
            throw RepositoryError(
                .integrity,
                "nothing was deleted, since something is wrong with the history: \(problem.message)"
            )
        }
        return log
    }

    /// Marks what snapshots need.
    func walk(
        _ commits: [VerifiedCommit],
        index: LocalIndex,
        live: LiveChunks,
        before: LiveChunks?,
        _ run: WriteRun?
    ) throws {
        progress.expect(items: commits.count, bytes: 0, arePacks: false)
        let walk = LivenessWalk(
            source: try RepositoryChunkSource(repository: repository, index: index),
            live: live,
            before: before,
            pulse: { try self.pulse(run) }
        )
        for commit in commits {
            try walk.walk(commit)
            progress.add()
        }
    }

    /// Keeps the run alive and notices an interrupt.
    func pulse(_ run: WriteRun?) throws {
        try run?.keepAlive()
        if repository.environment.isCancelled() {
            throw RepositoryError(.cancelled, "stopped before anything was deleted; run it again")
        }
    }

    /// Chunks that take the place of erased ones are needed, though no manifest names them.
    private func markReplacements(in live: LiveChunks) throws {
        for erasure in try repository.erasures() {
            for chunk in erasure.replacements {
                for range in chunk.ranges {
                    if let replacement = range.replacement { _ = live.insert(replacement) }
                }
            }
        }
    }

    private func verifier(_ index: LocalIndex, _ run: WriteRun?) throws -> (ChunkLocation) throws -> Bool? {
        let verify = try repository.verifier(index)
        return { location in
            try self.pulse(run)
            return try verify(location)
        }
    }
}
