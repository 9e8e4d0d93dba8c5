import Cryptography
import FileSystem
import Foundation
import ObjectStorage
import Records
import Repository
import Snapshots
import Synchronization
import TestSupport
import Testing

/// A repository to prune, with a clock that only sleeping moves.
final class PruneFixture: Sendable {
    let base: CheckFixture
    let clock = TestClock()
    /// Called when a prune sleeps, before time goes by.
    private let onSleep = Mutex<@Sendable () throws -> Void>({})

    init() throws { base = try CheckFixture() }

    var store: MemoryObjectStore { base.store }

    func whileWaiting(_ body: @escaping @Sendable () throws -> Void) { onSleep.withLock { $0 = body } }

    /// The environment of a process on another host: nobody can tell whether its processes run.
    func environment(
        state: Directory? = nil,
        processState: ProcessIdentity.State = .unknown,
        isSuspended: Bool = false,
        warn: @escaping @Sendable (String) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> RepositoryEnvironment {
        RepositoryEnvironment(
            state: state,
            warn: warn,
            now: { self.clock.wall },
            monotonic: { isSuspended ? 0 : self.clock.monotonic },
            sleep: { nanoseconds in
                let body = self.onSleep.withLock { $0 }
                try? body()
                self.clock.advance(nanoseconds)
            },
            processState: { _ in processState },
            isCancelled: isCancelled
        )
    }

    func open(_ store: (any ObjectStore)? = nil, _ environment: RepositoryEnvironment? = nil) throws -> Repository {
        try base.open(store, environment: environment ?? self.environment())
    }

    /// Saves the source.
    @discardableResult
    func backUp(_ change: (inout BackupRequest) -> Void = { _ in }) throws -> ObjectHash {
        clock.advance(1_000_000_000)
        var request = BackupRequest(dataset: "test", source: .files([Array(base.source.utf8)]), host: "host")
        request.writing.sizing = PackSizing(target: 1 << 20, limit: 3 << 19)
        request.workers = 1
        change(&request)
        let backup = Backup(repository: try open(), request: request, observer: QuietObserver())
        guard let id = try backup.run().snapshot else { throw RepositoryError(.invalidRequest, "nothing was saved") }
        return id
    }

    /// Forgets snapshots as a manager does: a record, then the commits.
    func forget(_ ids: ObjectHash...) throws {
        let repository = try open()
        let log = try CommitLog.load(repository)
        var number: UInt64 = 0
        try store.list(prefix: ObjectNames.forgottenCommits) { _, _ in number += 1 }
        let commits = log.commits.filter { ids.contains($0.id) }
        let record = Forgotten(
            repository: repository.id,
            signer: repository.keyring.member,
            number: number,
            time: clock.wall,
            commits: commits.map {
                ForgottenCommit(
                    member: $0.commit.signer,
                    incarnation: $0.commit.incarnation,
                    number: $0.commit.number,
                    hash: $0.id,
                    previous: $0.commit.previous
                )
            }
        )
        try store.put(
            ObjectName(ObjectNames.forgotten(number)),
            try SignedRecord.sign(record, with: repository.keyring.signingKey)
        )
        for commit in commits {
            try store.remove(
                ObjectName(
                    ObjectNames.commit(
                        member: commit.commit.signer,
                        incarnation: commit.commit.incarnation,
                        number: commit.commit.number,
                        hash: commit.id
                    )
                )
            )
        }
    }

    /// Prunes.
    @discardableResult
    func prune(
        _ store: (any ObjectStore)? = nil,
        environment: RepositoryEnvironment? = nil,
        observer: PruneRecorder = PruneRecorder(),
        _ change: (inout PruneOptions) -> Void = { _ in }
    ) throws -> PruneSummary {
        var options = PruneOptions()
        options.policy.maxUnused = .bytes(0)
        options.writing.sizing = PackSizing(target: 1 << 20, limit: 3 << 19)
        change(&options)
        return try Prune(repository: try open(store, environment), options: options, observer: observer).run()
    }

    /// Everything is there and right, by all checks and without any cache.
    func expectWhole(_ store: (any ObjectStore)? = nil, location: SourceLocation = #_sourceLocation) throws {
        let found = try base.check(store, .all)
        #expect(found.errors.isEmpty, "\(found.errors.map(\.message))", sourceLocation: location)
        let keyless = try base.checkWithoutKeys(store, .all)
        #expect(keyless.errors.isEmpty, "\(keyless.errors.map(\.message))", sourceLocation: location)
    }

    /// The names of all packs.
    func packs() throws -> Set<ObjectHash> { Set(try open().listPacks().keys) }

    /// The bytes of all packs.
    func packBytes(_ store: (any ObjectStore)? = nil) throws -> UInt64 {
        try open(store).listPacks().values.reduce(0, +)
    }

    /// The content of a file of a snapshot, read by a process without caches.
    func content(_ name: String, of id: ObjectHash) throws -> [UInt8] {
        let repository = try open()
        let snapshot = try SnapshotList.load(repository).resolve(id.hex)
        let index = try repository.loadIndex()
        let source = try RepositoryChunkSource(repository: repository, index: index)
        let cursor = try ManifestCursor(page: snapshot.commit.root, digest: nil, source: source)
        let path = base.path(name)
        while let entry = try cursor.next() {
            guard entry.path == path, entry.kind == .regular else { continue }
            var extents = ExtentReader(entry, source: source)
            let reader = try ChunkReader(repository: repository, index: index)
            var bytes: [UInt8] = []
            var buffer: [UInt8] = []
            while let extent = try extents.next() {
                guard case .chunk(let chunk, let offset, let length) = extent else { continue }
                _ = try reader.load(chunk, type: .data, into: &buffer)
                bytes += buffer[Int(offset)..<Int(offset + length)]
            }
            return bytes
        }
        throw RepositoryError(.missing, "there is no \(name)")
    }
}

/// Keeps what a prune tells.
final class PruneRecorder: PruneObserver {
    private let state = Mutex<(phases: [PrunePhase], warnings: [String], waits: Int)>(([], [], 0))
    var phases: [PrunePhase] { state.withLock { $0.phases } }
    var warnings: [String] { state.withLock { $0.warnings } }
    var waits: Int { state.withLock { $0.waits } }

    func begins(_ phase: PrunePhase) { state.withLock { $0.phases.append(phase) } }
    func warning(_ message: String) { state.withLock { $0.warnings.append(message) } }
    func waits(for runs: [RunReference]) { state.withLock { $0.waits += 1 } }
}

/// The code of the repository error that a closure throws.
func refusal(_ body: () throws -> Void) -> RepositoryError? {
    do {
        try body()
        return nil
    } catch {
        return error as? RepositoryError
    }
}
