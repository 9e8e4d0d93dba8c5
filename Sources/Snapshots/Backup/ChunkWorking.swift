import Records
import Repository
import Threads

/// Takes chunks from the queue: names them, and compresses, encrypts and stores those that are new.
///
/// One per thread.
final class ChunkWorking {
    private let jobs: BoundedQueue<ChunkJob>
    private let pool: BufferPool
    private let run: any ChunkStoring
    private let counters: BackupCounters
    private var identifier: ChunkIdentifier
    private var encoder: ChunkEncoder

    init(
        jobs: BoundedQueue<ChunkJob>,
        pool: BufferPool,
        run: any ChunkStoring,
        counters: BackupCounters,
        identifier: consuming ChunkIdentifier,
        encoder: consuming ChunkEncoder
    ) {
        self.jobs = jobs
        self.pool = pool
        self.run = run
        self.counters = counters
        self.identifier = identifier
        self.encoder = encoder
    }

    /// Works until the queue is finished.
    ///
    /// After a failure it only empties the queue, so that nobody waits for ever.
    func work() {
        var hasFailed = false
        while let job = jobs.pop() {
            if !hasFailed {
                do { try store(job) } catch {
                    run.fail(error)
                    hasFailed = true
                }
            }
            pool.give(job.buffer)
        }
    }

    private func store(_ job: ChunkJob) throws {
        let bytes = job.buffer.bytes
        let count = job.buffer.count
        let stored = try unsafe run.store(
            bytes.span.bytes.extracting(0..<count),
            type: .data,
            identifier: &identifier,
            encoder: &encoder
        )
        counters.stored(.data, byteCount: count, storedByteCount: stored.storedByteCount)
        job.batch.fill(job.place, .piece(EntryBatch.Piece(id: stored.id, byteCount: count)))
    }
}
