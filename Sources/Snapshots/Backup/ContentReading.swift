import Chunking
import Cryptography
import FileSystem
import Records
import Repository
import Threads

/// A chunk on its way to a worker.
struct ChunkJob {
    var buffer: ChunkBuffer
    var batch: EntryBatch
    var place: Int
}

/// Reads the files of batches and cuts them into chunks.
///
/// One per thread.
///
/// A file's status is compared before and after; one that changed meanwhile is read again, and saved as it was read last
/// if it does not keep still.
final class ContentReading {
    /// How often a small file that changes is read again.
    private static let attempts = 3

    private let request: BackupRequest
    private let observer: any BackupObserver
    private let counters: BackupCounters
    private let pool: BufferPool
    private let jobs: BoundedQueue<ChunkJob>
    private let run: any ChunkStoring
    private var chunker: Chunker
    private var hash: SHA256

    init(
        request: BackupRequest,
        observer: any BackupObserver,
        counters: BackupCounters,
        pool: BufferPool,
        jobs: BoundedQueue<ChunkJob>,
        run: any ChunkStoring,
        chunker: consuming Chunker
    ) throws {
        let hash = try SHA256()
        self.request = request
        self.observer = observer
        self.counters = counters
        self.pool = pool
        self.jobs = jobs
        self.run = run
        self.chunker = chunker
        self.hash = hash
    }

    /// Reads everything in a batch that has to be read.
    ///
    /// - Throws: only what ends the run.
    func read(_ batch: EntryBatch) throws {
        var bundle: ChunkBuffer?
        var bundlePlace = 0
        for index in batch.items.indices {
            guard case .read(let file) = batch.items[index].work else { continue }
            if case .stream = batch.items[index].placement {
                try readLarge(file, &batch.items[index], batch)
                continue
            }
            if bundle == nil {
                bundle = try takeBuffer()
                bundlePlace = batch.addPlace()
            }
            guard let buffer = bundle else { continue }
            try readSmall(file, &batch.items[index], batch, buffer, place: bundlePlace)
        }
        if let bundle { submit(bundle, batch, bundlePlace) }
        batch.markRead()
    }

    private func takeBuffer() throws -> ChunkBuffer {
        guard let buffer = pool.take() else {
            try run.check()
            throw RepositoryError(.cancelled, "the run has ended")
        }
        return buffer
    }

    private func submit(_ buffer: ChunkBuffer, _ batch: EntryBatch, _ place: Int) {
        guard buffer.count > 0 else {
            // Every file of the bundle turned out empty or unreadable.
            batch.fill(place, .restart)
            pool.give(buffer)
            return
        }
        jobs.push(ChunkJob(buffer: buffer, batch: batch, place: place))
    }

    // MARK: Small files

    private func readSmall(
        _ file: FileToRead,
        _ item: inout BatchItem,
        _ batch: EntryBatch,
        _ buffer: ChunkBuffer,
        place: Int
    ) throws {
        let path = [UInt8(ascii: "/")] + item.entry.path
        do {
            let opened = try open(file)
            defer { try? opened.close() }
            var before = try opened.status()
            guard before.kind == .regular else { throw FileVanished() }
            let start = buffer.count
            for attempt in 1...ContentReading.attempts {
                let room = buffer.bytes.count - start
                let count = try opened.read(from: 0, into: &buffer.bytes, at: start, count: room)
                let after = try opened.status()
                let isTorn = StatRecord(before) != StatRecord(after) || count != Int(after.size)
                if count == room, after.size > Int64(count) {
                    // It has grown beyond what a bundle holds: it is chunked by itself.
                    item.placement = .pieces(0..<0)
                    try readLarge(file, &item, batch)
                    return
                }
                if isTorn, attempt < ContentReading.attempts {
                    before = after
                    continue
                }
                try complete(&item, opened, after, byteCount: count, isTorn: isTorn, path: path)
                counters.count { $0.bytesRead += UInt64(count) }
                if count > 0 {
                    let bytes = buffer.bytes
                    item.entry.contentHash = try unsafe SHA256.hash(
                        bytes.span.bytes.extracting(start..<(start + count))
                    )
                    item.placement = .bundled(place: place, offset: UInt64(start), length: UInt64(count))
                    buffer.count = start + count
                } else {
                    item.placement = .none
                }
                counters.progress.addFile(bytes: UInt64(count))
                return
            }
        } catch let error as SystemError {
            fail(&item, path, error)
        } catch let error as FileVanished {
            fail(&item, path, error)
        }
    }

    private func open(_ file: FileToRead) throws -> Descriptor {
        try file.directory.openFile(file.name, for: .reading)
    }

    /// Sets what the entry says of a file that has been read.
    private func complete(
        _ item: inout BatchItem,
        _ opened: Descriptor,
        _ status: FileStatus,
        byteCount: Int,
        isTorn: Bool,
        path: [UInt8]
    ) throws {
        item.entry.apply(status)
        item.entry.size = UInt64(byteCount)
        item.entry.attributes = try counters.attributeStore.list(try opened.extendedAttributes())
        item.work = .done
        item.stat = isTorn ? nil : counters.stableStat(status)
        if isTorn {
            item.entry.flags.insert(.changedWhileRead)
            observer.fileChanged(path)
        }
    }

    private func fail(_ item: inout BatchItem, _ path: [UInt8], _ error: any Error) {
        item.work = .failed
        item.placement = .none
        if let error = error as? SystemError, error.isNotFound { return }  // Deleted meanwhile.
        counters.failed()
        observer.itemFailed(path, error)
    }

    // MARK: Large files

    private func readLarge(_ file: FileToRead, _ item: inout BatchItem, _ batch: EntryBatch) throws {
        let path = [UInt8(ascii: "/")] + item.entry.path
        do {
            let opened = try open(file)
            defer { try? opened.close() }
            opened.adviseSequential()
            let isStream: Bool
            if case .stream = item.placement { isStream = true } else { isStream = false }
            for attempt in 1...2 {
                let before = try opened.status()
                guard before.kind == .regular else { throw FileVanished() }
                let content = try readPieces(opened, size: before.size, isSparse: before.mayHaveHoles, batch)
                let after = try opened.status()
                counters.count { $0.bytesRead += content.dataByteCount }
                let isTorn = StatRecord(before) != StatRecord(after) || content.byteCount != after.size
                if isTorn, attempt == 1 {
                    if isStream { batch.fill(batch.addPlace(), .restart) }
                    continue
                }
                try complete(&item, opened, after, byteCount: Int(content.byteCount), isTorn: isTorn, path: path)
                if !isStream { item.placement = .pieces(content.places) }
                if content.hasHoles {
                    item.entry.sparseHash = content.digest
                } else {
                    item.entry.contentHash = content.byteCount > 0 ? content.digest : nil
                }
                counters.progress.addFile()
                return
            }
        } catch let error as SystemError {
            fail(&item, path, error)
        } catch let error as FileVanished {
            fail(&item, path, error)
        }
    }

    private struct ReadContent {
        var byteCount: Int64 = 0
        var places: Range<Int>
        /// Bytes outside holes.
        var dataByteCount: UInt64 = 0
        var hasHoles = false
        var digest: Digest?
    }

    /// Reads a file from its start to its end, stretch by stretch where it has holes.
    private func readPieces(_ opened: Descriptor, size: Int64, isSparse: Bool, _ batch: EntryBatch) throws
        -> ReadContent
    {
        var stretches: HoleWalk? = nil
        if isSparse {
            let walk = HoleWalk(opened, size: size)
            if try walk.hasHoles() { stretches = walk }
        }
        hash = try SHA256()
        var content = ReadContent(places: 0..<0)
        var first: Int?
        func note(_ place: Int) {
            if first == nil { first = place }
            content.places = (first ?? place)..<(place + 1)
        }
        guard let stretches else {
            content.byteCount = try readStretch(opened, from: 0, to: nil, batch, note)
            content.dataByteCount = UInt64(content.byteCount)
            content.digest = try hash.finalize()
            return content
        }
        content.hasHoles = true
        try unsafe hash.update(Array("holdfast/v1/sparse\0".utf8).span.bytes)
        var position: Int64 = 0
        while let stretch = try stretches.next() {
            var head: [UInt8] = [stretch.isHole ? 0 : 1]
            head.appendLittleEndian64(UInt64(stretch.range.count))
            try unsafe hash.update(head.span.bytes)
            if stretch.isHole {
                let place = batch.addPlace()
                note(place)
                batch.fill(place, .hole(UInt64(stretch.range.count)))
                position = stretch.range.upperBound
            } else {
                let count = try readStretch(
                    opened,
                    from: stretch.range.lowerBound,
                    to: stretch.range.upperBound,
                    batch,
                    note
                )
                position = stretch.range.lowerBound + count
                content.dataByteCount += UInt64(count)
                if count < stretch.range.count { break }  // Cut off meanwhile: the status tells.
            }
        }
        content.byteCount = position
        content.digest = try hash.finalize()
        return content
    }

    /// Reads and cuts from one offset to another, or to the end of the file.
    private func readStretch(
        _ opened: Descriptor,
        from start: Int64,
        to end: Int64?,
        _ batch: EntryBatch,
        _ note: (Int) -> Void
    ) throws -> Int64 {
        try cut(batch, note) { buffer, position, offset in
            let room = buffer.bytes.count - position
            let wanted = end.map { min(room, Int(clamping: $0 - start - offset)) } ?? room
            guard wanted > 0 else { return 0 }
            return try opened.read(from: start + offset, into: &buffer.bytes, at: position, count: wanted)
        }
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
            counters.progress.addBytes(UInt64(length))
            jobs.push(ChunkJob(buffer: buffer, batch: batch, place: place))
            guard let next else { return total }
            buffer = next
        }
    }

    /// How much is read before a cut is looked for, and how much more each time none was found.
    private var fillSteps: (first: Int, further: Int) {
        let chunker = request.chunker
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

/// A file turned into something else between the walk and its reading.
struct FileVanished: Error, CustomStringConvertible {
    var description: String { "it was replaced by something else while the backup ran" }
}

extension FileStatus {
    /// Whether fewer blocks are allocated than the size needs.
    var mayHaveHoles: Bool { size > allocatedBytes }
}

extension [UInt8] {
    fileprivate mutating func appendLittleEndian64(_ value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}
