import Chunking
import FileSystem
import Records
import Repository
import Threads

/// The threads and queues of one backup.
final class BackupPipeline: Sendable {
    /// What comes out.
    struct Result {
        var root: ManifestRoot
        var statistics: SnapshotStatistics
        var tally: BackupTally
        var fileCache: FileCacheWriter?
    }

    private let repository: Repository
    private let request: BackupRequest
    private let observer: any BackupObserver
    private let progress: BackupProgress
    private let keys: DomainKeys
    private let dataset: DatasetID
    private let index: LocalIndex
    private let store: any ChunkStoring
    private let outcome = Monitor<ManifestRoot?>(nil)

    init(
        repository: Repository,
        request: BackupRequest,
        observer: any BackupObserver,
        progress: BackupProgress,
        keys: DomainKeys,
        dataset: DatasetID,
        index: LocalIndex,
        store: any ChunkStoring
    ) {
        self.repository = repository
        self.request = request
        self.observer = observer
        self.progress = progress
        self.keys = keys
        self.dataset = dataset
        self.index = index
        self.store = store
    }

    /// Runs everything to its end.
    ///
    /// - Throws: the first error of any thread; chunks that were stored by then stay stored.
    func run(parent: sending (any PreviousEntries)?) throws -> Result {
        let readers = max(1, request.readConcurrency)
        let workers = max(1, request.workers ?? processorCount())
        let attributes = AttributeStore(store: store, identifier: try identifier(), encoder: try encoder())
        let counters = BackupCounters(
            progress: progress,
            attributeStore: attributes,
            clock: { wallClockNanoseconds() }
        )
        let pool = BufferPool(count: 2 * readers + workers + 3, capacity: request.chunker.maximum)
        let jobs = BoundedQueue<ChunkJob>(capacity: workers + 2)
        let toRead = BoundedQueue<EntryBatch>(capacity: 8)
        let toManifest = BoundedQueue<EntryBatch>(capacity: 64)
        let cache = makeFileCache()
        let store = self.store
        var readerThreads: [WorkerThread] = []
        var workerThreads: [WorkerThread] = []
        for _ in 0..<readers {
            let reading = Handover(try makeReading(counters, pool, jobs))
            readerThreads.append(
                WorkerThread(name: "reader") {
                    let reading = reading.take()
                    while let batch = toRead.pop() {
                        do {
                            try store.check()
                            try reading?.read(batch)
                        } catch {
                            BackupPipeline.stop(store, pool, error)
                        }
                    }
                }
            )
        }
        for _ in 0..<workers {
            let working = Handover(
                ChunkWorking(
                    jobs: jobs,
                    pool: pool,
                    run: store,
                    counters: counters,
                    identifier: try identifier(),
                    encoder: try encoder()
                )
            )
            workerThreads.append(WorkerThread(name: "worker") { working.take()?.work() })
        }
        let stage = Handover(try makeStage(counters, cache, hasPrevious: parent != nil))
        let outcome = self.outcome
        let manifestThread = WorkerThread(name: "manifest") {
            do {
                guard let stage = stage.take() else { return }
                while let batch = toManifest.pop() {
                    guard try stage.consume(batch) else { break }
                }
                try store.check()
                let root = try stage.finish()
                outcome.change { $0 = root }
            } catch {
                BackupPipeline.stop(store, pool, error)
            }
            // Whoever still pushes must not wait for ever.
            while toManifest.pop() != nil {}
        }
        do {
            try feed(parent, counters, pool, jobs, toRead: toRead, toManifest: toManifest)
        } catch {
            BackupPipeline.stop(store, pool, error)
        }
        toRead.finish()
        for thread in readerThreads { thread.join() }
        toManifest.finish()
        jobs.finish()
        for thread in workerThreads { thread.join() }
        manifestThread.join()
        do {
            try store.check()
        } catch {
            cache?.abandon()
            throw error
        }
        guard let root = outcome.withLock({ $0 }) else {
            cache?.abandon()
            throw RepositoryError(.cancelled, "the backup ended without a result")
        }
        return Result(root: root, statistics: counters.totals, tally: counters.tally, fileCache: cache)
    }

    /// Ends all threads.
    ///
    /// An interrupt by the user is no failure: what is under way is still stored, for the next run.
    private static func stop(_ store: any ChunkStoring, _ pool: BufferPool, _ error: any Error) {
        if (error as? RepositoryError)?.code != .cancelled { store.fail(error) }
        pool.close()
    }

    /// Walks, or reads the stream, on this thread.
    private func feed(
        _ parent: (any PreviousEntries)?,
        _ counters: BackupCounters,
        _ pool: BufferPool,
        _ jobs: BoundedQueue<ChunkJob>,
        toRead: BoundedQueue<EntryBatch>,
        toManifest: BoundedQueue<EntryBatch>
    ) throws {
        switch request.source {
        case .files(let paths):
            let assembler = BatchAssembler(limits: BatchAssembler.Limits(chunkMaximum: request.chunker.maximum)) {
                batch,
                hasWork in
                if !hasWork { batch.markRead() }
                toManifest.push(batch)
                if hasWork { toRead.push(batch) }
            }
            let walker = try SourceWalker(
                request: request,
                observer: observer,
                previous: parent,
                store: store,
                counters: counters,
                assembler: assembler
            )
            try walker.walk(RootTree(paths))
        case .stream(let name, let descriptor, let finish):
            let reading = try makeReading(counters, pool, jobs)
            let batch = EntryBatch()
            var item = BatchItem(entry: Entry(path: name, kind: .regular), work: .done)
            item.placement = .stream
            item.change = .new
            batch.items = [item]
            toManifest.push(batch)
            let input = Descriptor(adopting: descriptor)
            let count = try reading.cutter.cut(batch, { _ in }) { buffer, position, _ in
                try input.read(into: &buffer.bytes, at: position, count: buffer.bytes.count - position)
            }
            try finish()
            let now = repository.environment.now()
            batch.items[0].entry.permissions = 0o600
            batch.items[0].entry.size = UInt64(count)
            batch.items[0].entry.contentHash = count > 0 ? try reading.cutter.finishHash() : nil
            batch.items[0].entry.modifiedSeconds = now / 1_000_000_000
            batch.items[0].entry.modifiedNanoseconds = UInt32(now % 1_000_000_000)
            counters.count { $0.bytesRead += UInt64(count) }
            progress.addFile()
            batch.markRead()
        }
    }

    private func makeReading(
        _ counters: BackupCounters,
        _ pool: BufferPool,
        _ jobs: BoundedQueue<ChunkJob>
    ) throws -> ContentReading {
        try ContentReading(
            observer: observer,
            counters: counters,
            pool: pool,
            jobs: jobs,
            run: store,
            chunker: try Chunker(parameters: request.chunker, key: keys.chunkerKey)
        )
    }

    private func makeStage(
        _ counters: BackupCounters,
        _ cache: FileCacheWriter?,
        hasPrevious: Bool
    ) throws -> ManifestStage {
        let sink = RunSink(run: store, counters: counters, identifier: try identifier(), encoder: try encoder())
        return try ManifestStage(
            run: store,
            observer: observer,
            counters: counters,
            sink: sink,
            cache: cache,
            hasPrevious: hasPrevious
        )
    }

    private func makeFileCache() -> FileCacheWriter? {
        guard case .files = request.source, !request.isDryRun else { return nil }
        do {
            guard let directory = try repository.repositoryCache() else { return nil }
            return try FileCacheWriter(directory: directory, dataset: dataset)
        } catch {
            observer.warning("the file cache cannot be written; the next backup reads every file again: \(error)")
            return nil
        }
    }

    private func identifier() throws -> ChunkIdentifier { try ChunkIdentifier(keys: keys) }

    private func encoder() throws -> ChunkEncoder {
        try ChunkEncoder(compression: request.compression, verifies: request.writing.verifies)
    }
}

/// Hands an object over to the one thread that uses it from then on.
private final class Handover<Value>: @unchecked Sendable {
    // Set once before the thread starts and taken once by it.
    private var value: Value?

    init(_ value: Value) { self.value = value }

    func take() -> Value? {
        defer { value = nil }
        return value
    }
}
