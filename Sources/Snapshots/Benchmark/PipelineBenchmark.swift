package import Chunking
import Cryptography
import FileSystem
import ObjectStorage
import Records
import Repository
import Synchronization
import Threads

/// What a first backup can reach at best on this machine: files in memory, cut, hashed, named, compressed, sealed and
/// read back by the code that a backup uses, on all processors, and stored nowhere.
package struct PipelineBenchmark {
    /// What is measured.
    package struct Options: Sendable {
        /// Files and directories, by absolute paths.
        package var paths: [[UInt8]]
        /// How chunks are compressed.
        package var compression = CompressionSetting.standard
        /// Whether frames are read back.
        package var verifies = true
        /// How files are cut.
        package var chunker = ChunkerParameters.files
        /// Threads; the number of processors if absent.
        package var threadCount: Int?
        /// Bytes held in memory at a time.
        package var sliceByteCount = 512 << 20
        /// Asked now and then; `true` ends the run.
        package var isCancelled: @Sendable () -> Bool = { false }

        /// The required part.
        package init(paths: [[UInt8]]) { self.paths = paths }
    }

    /// What was measured.
    package struct Result: Sendable {
        /// Files processed.
        package var fileCount = 0
        /// Their bytes.
        package var byteCount: UInt64 = 0
        /// Bytes of the packs that came out.
        package var storedByteCount: UInt64 = 0
        /// Seconds of work, without reading files.
        package var seconds = 0.0
        /// Processor seconds of work.
        package var processorSeconds = 0.0
        /// Threads that worked.
        package var threadCount = 0
    }

    private let options: Options

    /// Takes the options.
    package init(_ options: Options) { self.options = options }

    /// Runs it.
    ///
    /// - Throws: `RepositoryError.cancelled`, or what keeps a path from being opened; unreadable files are left out.
    package func run() throws -> Result {
        let store = DiscardingObjectStore()
        let repository = try Repository.create(
            store: store,
            slot: NewSlot(.secret(SecretHolder(try Secret.random(count: 32)), .keyFile), label: "benchmark"),
            suite: .aes256GCM,
            ownerName: "benchmark",
            domainName: "default",
            environment: RepositoryEnvironment(isCancelled: options.isCancelled)
        )
        var writing = WriteOptions()
        writing.verifies = options.verifies
        let run = try WriteRun.begin(repository, options: writing)
        defer { run.abandon() }
        var measured = Result()
        measured.threadCount = max(1, options.threadCount ?? processorCount())
        let workers = try (0..<measured.threadCount).map { _ in try Worker(run, options) }
        let source = BenchmarkSource(
            limits: BatchAssembler.Limits(chunkMaximum: options.chunker.maximum),
            sliceByteCount: options.sliceByteCount
        ) { slice in
            try process(slice, workers, run, &measured)
        }
        for path in options.paths { try source.load(path) }
        try source.finish()
        let start = Moments()
        let lists = try run.finishPacks()
        measured.add(start)
        guard !lists.isEmpty || measured.byteCount == 0 else {
            throw RepositoryError(.integrity, "the benchmark stored nothing of \(measured.byteCount) bytes")
        }
        measured.fileCount = source.fileCount
        measured.storedByteCount = store.discardedByteCount
        return measured
    }

    private func process(
        _ slice: BenchmarkSource.Slice,
        _ workers: [Worker],
        _ run: WriteRun,
        _ result: inout Result
    ) throws {
        let next = Counter()
        let start = Moments()
        let threads = workers.map { worker in
            WorkerThread(name: "worker") {
                do {
                    while let unit = next.take(below: slice.units.count) {
                        try run.check()
                        try worker.process(slice.units[unit], of: slice.bytes)
                    }
                } catch {
                    run.fail(error)
                }
            }
        }
        for thread in threads { thread.join() }
        result.add(start)
        result.byteCount += UInt64(slice.bytes.count)
        try run.check()
    }
}

/// One thread's tools.
///
/// They belong to one thread at a time, which is why they are Sendable.
private final class Worker: @unchecked Sendable {
    private let run: WriteRun
    private var chunker: Chunker
    private var hash: SHA256
    private var identifier: ChunkIdentifier
    private var encoder: ChunkEncoder

    init(_ run: WriteRun, _ options: PipelineBenchmark.Options) throws {
        let chunker = try Chunker(parameters: options.chunker, key: run.keys.chunkerKey)
        let hash = try SHA256()
        let identifier = try ChunkIdentifier(keys: run.keys)
        let encoder = try ChunkEncoder(compression: options.compression, verifies: options.verifies)
        self.run = run
        self.chunker = chunker
        self.hash = hash
        self.identifier = identifier
        self.encoder = encoder
    }

    /// What a reader and a worker of a backup do with a bundle or a part of a file.
    func process(_ unit: BenchmarkSource.Unit, of bytes: [UInt8]) throws {
        if let lengths = unit.bundled {
            var start = unit.range.lowerBound
            for length in lengths {
                _ = try unsafe SHA256.hash(bytes.span.bytes.extracting(start..<start + length))
                start += length
            }
            return try store(bytes, unit.range)
        }
        try unsafe hash.update(bytes.span.bytes.extracting(unit.range))
        _ = try hash.finalize()
        var position = unit.range.lowerBound
        while position < unit.range.upperBound {
            let length = try unsafe chunker.firstCut(in: bytes.span.bytes.extracting(position..<unit.range.upperBound))
            try store(bytes, position..<position + length)
            position += length
        }
    }

    private func store(_ bytes: [UInt8], _ range: Range<Int>) throws {
        _ = try unsafe run.store(
            bytes.span.bytes.extracting(range),
            type: .data,
            identifier: &identifier,
            encoder: &encoder
        )
    }
}

/// Numbers for several threads, each once.
private final class Counter: Sendable {
    private let next = Atomic<Int>(0)

    func take(below count: Int) -> Int? {
        let number = next.add(1, ordering: .relaxed).oldValue
        return number < count ? number : nil
    }
}

/// A moment on the wall's clock and on the processor's.
private struct Moments {
    let wall = monotonicNanoseconds()
    let processor = processorNanoseconds()
}

extension PipelineBenchmark.Result {
    /// Adds the time since a moment.
    fileprivate mutating func add(_ start: Moments) {
        let now = Moments()
        seconds += Double(now.wall - start.wall) / 1e9
        processorSeconds += Double(now.processor - start.processor) / 1e9
    }
}
