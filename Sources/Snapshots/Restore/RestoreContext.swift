import FileSystem
import Repository
import Threads

/// What all threads of one restore share.
final class RestoreContext: Sendable {
    let repository: Repository
    let index: LocalIndex
    let options: RestoreOptions
    let observer: any RestoreObserver
    let progress: RestoreProgress
    /// Manifest and extent pages, and attributes that are stored apart.
    let pages: any ChunkSource
    let metadata: MetadataWriter
    /// Hashes of the paths that the overwrite rule has kept, for the verification at the end.
    private let keptPaths = Monitor<Set<Int>>([])
    /// What ends the whole restore, once there is something.
    private let failure = Monitor<(any Error)?>(nil)

    init(
        repository: Repository,
        index: LocalIndex,
        options: RestoreOptions,
        observer: any RestoreObserver,
        progress: RestoreProgress
    ) throws {
        self.repository = repository
        self.index = index
        self.options = options
        self.observer = observer
        self.progress = progress
        let pages = try RepositoryChunkSource(repository: repository, index: index)
        self.pages = pages
        metadata = MetadataWriter(options: options, source: pages)
    }

    /// Throws if the user has stopped the restore, or it cannot go on for another reason.
    func check() throws {
        if let error = failure.withLock({ $0 }) { throw error }
        if repository.environment.isCancelled() {
            throw RepositoryError(
                .cancelled,
                "stopped; what has been restored so far is complete, run it again for the rest"
            )
        }
    }

    /// Ends the restore; the first reason counts.
    func abort(_ error: any Error) {
        failure.withLock { if $0 == nil { $0 = error } }
    }

    /// Reports an item that could not be restored.
    ///
    /// What would befall every other item too ends the restore.
    func fail(_ path: [UInt8], _ error: any Error) {
        // Once the restore has been ended, what follows from that is no news.
        if failure.withLock({ $0 != nil }) { return }
        if let error = error as? SystemError, error.isNoSpace { return abort(error) }
        if let error = error as? RepositoryError, error.code == .cancelled || error.code == .notPermitted {
            return abort(error)
        }
        var isIntegrity = error is ManifestError
        if let error = error as? RepositoryError { isIntegrity = error.code == .integrity || error.code == .missing }
        progress.addFailure(isIntegrity: isIntegrity)
        observer.itemFailed(path, error)
    }

    /// Reports entries that cannot be restored because nobody knows what they were.
    func lose(_ lost: LostEntries) {
        progress.addLost(entries: lost.entries ?? 0, bytes: lost.contentBytes ?? 0)
        observer.entriesLost(lost)
    }

    /// Reports what became of an item, and counts it.
    func report(_ path: [UInt8], _ outcome: RestoreOutcome, bytes: UInt64 = 0) {
        switch outcome {
        case .created, .replaced: progress.addRestored(bytes: bytes)
        case .updated, .unchanged: progress.addUnchanged(bytes: bytes)
        case .kept:
            progress.addUnchanged(bytes: bytes)
            noteKept(path)
        case .skipped: progress.addSkipped()
        }
        if observer.wantsItems { observer.item(path, outcome, bytes: bytes) }
    }

    /// Notes that what is under the path is not what the snapshot holds, as the overwrite rule says.
    func noteKept(_ path: [UInt8]) {
        if options.verifiesAfter { keptPaths.withLock { _ = $0.insert(path.hashValue) } }
    }

    /// Whether the path was noted.
    func isKept(_ path: [UInt8]) -> Bool { keptPaths.withLock { $0.contains(path.hashValue) } }

    /// The path of an entry below the target.
    func relativePath(_ entry: Entry) -> [UInt8] { entry.path(below: options.root) }
}
