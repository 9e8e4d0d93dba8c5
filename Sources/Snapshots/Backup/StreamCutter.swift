import Chunking
import Cryptography
import Records
import Repository
import Threads

/// A chunk on its way to a worker.
struct ChunkJob {
    var buffer: ChunkBuffer
    var batch: EntryBatch
    var place: Int
}

/// Cuts what a reader reads into chunks, hashes it and hands the chunks to the workers; one per thread.
final class StreamCutter {
    private let progress: BackupProgress
    private let pool: BufferPool
    private let jobs: BoundedQueue<ChunkJob>
    private let run: any ChunkStoring
    private var chunker: Chunker
    /// Over what `cut` reads.
    var hash: SHA256

    init(
        progress: BackupProgress,
        pool: BufferPool,
        jobs: BoundedQueue<ChunkJob>,
        run: any ChunkStoring,
        chunker: consuming Chunker
    ) throws {
        let hash = try SHA256()
        self.progress = progress
        self.pool = pool
        self.jobs = jobs
        self.run = run
        self.chunker = chunker
        self.hash = hash
    }

    /// An empty buffer; waits for one.
    func takeBuffer() throws -> ChunkBuffer {
        guard let buffer = pool.take() else {
            try run.check()
            throw RepositoryError(.cancelled, "the run has ended")
        }
        return buffer
    }

    /// Hands a bundle to the workers.
    func submit(_ buffer: ChunkBuffer, _ batch: EntryBatch, _ place: Int) {
        guard buffer.count > 0 else {
            // Every file of the bundle turned out empty or unreadable.
            batch.fill(place, .restart)
            pool.give(buffer)
            return
        }
        jobs.push(ChunkJob(buffer: buffer, batch: batch, place: place))
    }

    /// Cuts a stream that `fill` delivers into chunks and submits them.
    ///
    /// - Parameter fill: reads into a buffer at a position, told how far the stream has been read; returns 0 at its end.
    /// - Returns: the length of the stream.
    func cut(
        _ batch: EntryBatch,
        _ note: (Int) -> Void,
        fill: (ChunkBuffer, _ position: Int, _ offset: Int64) throws -> Int
    ) throws -> Int64 {
        var total: Int64 = 0
        var buffer = try takeBuffer()
        var isAtEnd = false
        while true {
            try run.check()
            // A cut found before the end of what was read does not depend on what follows, so no more is read than
            // needed: what is left over has to be copied to the next buffer.
            var target = fillSteps.first
            var length = 0
            while true {
                while !isAtEnd, buffer.count < target {
                    let count = try fill(buffer, buffer.count, total)
                    if count == 0 { isAtEnd = true }
                    if count > 0 { try update(buffer, count) }
                    buffer.count += count
                    total += Int64(count)
                }
                guard buffer.count > 0 else {
                    pool.give(buffer)
                    return total
                }
                length = try firstCut(buffer)
                if length < buffer.count || isAtEnd || buffer.count >= buffer.bytes.count { break }
                target = min(buffer.bytes.count, buffer.count + fillSteps.further)
            }
            let rest = buffer.count - length
            let next = rest > 0 || !isAtEnd ? try takeBuffer() : nil
            if rest > 0, let next {
                next.bytes.replaceSubrange(0..<rest, with: buffer.bytes[length..<(length + rest)])
                next.count = rest
            }
            buffer.count = length
            let place = batch.addPlace()
            note(place)
            progress.addBytes(UInt64(length))
            jobs.push(ChunkJob(buffer: buffer, batch: batch, place: place))
            guard let next else { return total }
            buffer = next
        }
    }

    /// How much is read before a cut is looked for, and how much more each time none was found.
    private var fillSteps: (first: Int, further: Int) {
        let chunker = chunker.parameters
        // The keyed chunker costs more for each byte looked at twice than copying does.
        guard chunker.kind == .fast else { return (chunker.maximum, chunker.maximum) }
        return (min(chunker.maximum, chunker.average * 5 / 4), chunker.average / 2)
    }

    private func update(_ buffer: ChunkBuffer, _ count: Int) throws {
        let bytes = buffer.bytes
        try unsafe hash.update(bytes.span.bytes.extracting(buffer.count..<(buffer.count + count)))
    }

    private func firstCut(_ buffer: ChunkBuffer) throws -> Int {
        let bytes = buffer.bytes
        return try unsafe chunker.firstCut(in: bytes.span.bytes.extracting(0..<buffer.count))
    }

    /// The SHA-256 of what `cut` has read since the last call.
    func finishHash() throws -> Digest { try hash.finalize() }
}
