import Chunking
import Cryptography
import FileSystem
import Records
package import Repository
import Threads

/// Makes one snapshot.
///
/// Threads: one walks, some read and cut, some compress and encrypt, one builds the manifest, one makes packs durable.
/// Bounded queues join them, so memory does not depend on what is saved.
package final class Backup: Sendable {
    private let repository: Repository
    private let request: BackupRequest
    private let observer: any BackupObserver
    /// Counters for progress lines.
    package let progress: BackupProgress

    /// Prepares a backup.
    package init(
        repository: Repository,
        request: BackupRequest,
        observer: any BackupObserver,
        progress: BackupProgress = BackupProgress()
    ) {
        self.repository = repository
        self.request = request
        self.observer = observer
        self.progress = progress
    }

    /// Runs it.
    ///
    /// - Throws: `RepositoryError.busy` if a run of the same dataset is in progress on this host, `.cancelled` if the
    ///   user stopped it, and whatever keeps the repository from being written. Items that cannot be read do not throw.
    package func run() throws -> BackupSummary {
        _ = try? raiseDescriptorLimit()
        let started = monotonicNanoseconds()
        var attempt = 1
        while true {
            do {
                return try runOnce(started)
            } catch let error as RepositoryError where error.code == .heldForDead {
                // A prune took this run, which had stood still, for dead: what it referred to may be gone. A new run
                // looks at everything again and stores what is missing.
                guard case .files = request.source, attempt < Backup.attempts else { throw error }
                attempt += 1
                observer.warning(
                    "this run stood still for so long that a prune gave it up; everything is looked at again"
                )
            }
        }
    }

    /// How often a backup begins anew after a prune gave it up.
    private static let attempts = 3

    private func runOnce(_ started: Int64) throws -> BackupSummary {
        let domain = try repository.writableDomain(request.writing.domain)
        let keys = try repository.keys(domain: domain.id, epoch: domain.epoch)
        let dataset = try keys.datasetID(of: request.dataset)
        let lock = try takeLock(dataset)
        defer { try? lock?.release() }

        // Before the commits are read: what is referred to must not be on a plan that is older than the lease.
        let run: WriteRun? = request.isDryRun ? nil : try WriteRun.begin(repository, options: request.writing)
        do {
            return try save(run, keys, dataset, started)
        } catch {
            run?.abandon()
            throw error
        }
    }

    private func save(_ run: WriteRun?, _ keys: DomainKeys, _ dataset: DatasetID, _ started: Int64) throws
        -> BackupSummary
    {
        let log = try CommitLog.load(repository)
        for problem in log.problems { observer.warning(problem.message) }
        let parent = try findParent(log, dataset: dataset)
        let details = parent.flatMap { try? repository.details(of: $0.commit) }
        if let statistics = details?.statistics {
            progress.expect(
                files: statistics.filesNew + statistics.filesChanged + statistics.filesUnmodified,
                bytes: statistics.contentBytes
            )
        }
        let index = try run?.index ?? repository.loadIndex(forWriting: true)
        let store: any ChunkStoring = run ?? DryRun(index: index)
        let pipeline = BackupPipeline(
            repository: repository,
            request: request,
            observer: observer,
            progress: progress,
            keys: keys,
            dataset: dataset,
            index: index,
            store: store
        )
        let result = try pipeline.run(
            parent: try parentEntries(parent, keys: keys, dataset: dataset, index: index)
        )
        var statistics = result.statistics
        statistics.entries = result.root.entryCount
        statistics.contentBytes = result.root.contentBytes
        statistics.milliseconds = UInt64((monotonicNanoseconds() - started) / 1_000_000)
        // A run that had to store what was lost makes a snapshot in any case: what no commit names does not last.
        let isUnchanged =
            statistics.bytesStored == 0 && (parent.map { $0.commit.root.chunk == result.root.id } ?? false)
        guard let run, !(request.skipsIfUnchanged && isUnchanged) else {
            run?.abandon()
            if run == nil { result.fileCache?.abandon() } else { try? result.fileCache?.commit() }
            return BackupSummary(
                snapshot: nil,
                parent: parent?.id,
                statistics: statistics,
                tally: result.tally,
                packBytes: 0,
                isSkipped: run != nil
            )
        }
        let id: ObjectHash
        do {
            id = try run.commit(commitRequest(result, statistics: statistics, parent: parent), log: log)
        } catch {
            result.fileCache?.abandon()
            throw error
        }
        do { try result.fileCache?.commit() } catch {
            observer.warning("the file cache could not be written; the next backup reads every file again: \(error)")
        }
        return BackupSummary(
            snapshot: id,
            parent: parent?.id,
            statistics: statistics,
            tally: result.tally,
            packBytes: run.storedTotals.bytes,
            isSkipped: false
        )
    }

    private func commitRequest(
        _ result: BackupPipeline.Result,
        statistics: SnapshotStatistics,
        parent: VerifiedCommit?
    ) -> CommitRequest {
        var details = CommitDetails(dataset: request.dataset, time: request.time ?? repository.environment.now())
        details.host = request.host
        details.user = request.user
        details.tags = request.tags
        details.note = request.note
        details.program = request.program
        details.statistics = statistics
        details.excludes = request.excludePatterns
        details.parent = parent?.id
        details.isIncomplete = statistics.failures > 0
        details.rootDigest = result.root.digest
        details.paths = request.recordedPaths
        details.chunker = ChunkerRecord(
            kind: UInt64(request.chunker.kind.rawValue),
            minimum: UInt64(request.chunker.minimum),
            average: UInt64(request.chunker.average),
            maximum: UInt64(request.chunker.maximum)
        )
        var commit = CommitRequest(
            root: PageReference(chunk: result.root.id, level: UInt64(result.root.level)),
            details: details
        )
        commit.interval = request.interval
        return commit
    }

    /// One run of a dataset at a time on one host.
    private func takeLock(_ dataset: DatasetID) throws -> FileLock? {
        guard let state = repository.environment.state, !request.isDryRun else { return nil }
        guard let lock = try FileLock.acquire(in: state, Array("run-\(dataset.hex).lock".utf8)) else {
            throw RepositoryError(
                .busy,
                "another backup of dataset \"\(request.dataset)\" is in progress on this host; wait for its end"
            )
        }
        return lock
    }

    private func findParent(_ log: CommitLog, dataset: DatasetID) throws -> VerifiedCommit? {
        if let wanted = request.parent {
            guard let commit = log.commits.first(where: { $0.id == wanted }) else {
                throw RepositoryError(.invalidRequest, "there is no snapshot \(wanted.hex.prefix(8)) to compare with")
            }
            return commit
        }
        // Another member's word on what a file of this host holds is not taken unasked.
        let member = repository.keyring.member
        guard let grouping = request.parentGrouping else {
            return log.newestData { $0.commit.dataset == dataset && $0.commit.signer == member }
        }
        let group = try log.commits.filter { commit in
            guard commit.commit.signer == member else { return false }
            do {
                return request.agrees(with: try repository.details(of: commit.commit), in: grouping)
            } catch let error where error.isDamage {
                return false
            }
        }
        let members = Set(group.map(\.id))
        return log.newestData { members.contains($0.id) }
    }

    private func parentEntries(
        _ parent: VerifiedCommit?,
        keys: DomainKeys,
        dataset: DatasetID,
        index: LocalIndex
    ) throws -> (any PreviousEntries)? {
        guard case .files = request.source else { return nil }
        if request.parent != nil, let parent {
            let source = try RepositoryChunkSource(repository: repository, index: index)
            let observer = observer
            let cursor = try ManifestCursor(
                page: parent.commit.root,
                digest: nil,
                source: source,
                salvage: ManifestSalvage(keepsNesting: false) {
                    observer.warning("of the parent snapshot, \($0); these files are read again")
                }
            )
            return try ManifestPrevious(cursor: cursor)
        }
        guard let cache = try repository.repositoryCache() else { return nil }
        guard request.parentGrouping != nil else { return FileCacheReader(directory: cache, dataset: dataset) }
        // What a cache says of files is true whichever snapshot they are compared with.
        return parent.flatMap { FileCacheReader(directory: cache, dataset: $0.commit.dataset) }
    }
}
