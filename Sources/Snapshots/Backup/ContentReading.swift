import Chunking
import Cryptography
import FileSystem
import Records
import Repository
import Threads

/// Reads the files of batches and cuts them into chunks; one per thread.
///
/// A file's status is compared before and after; one that changed meanwhile is read again, and saved as it was read last
/// if it does not keep still.
final class ContentReading {
    /// How often a small file that changes is read again.
    private static let attempts = 3

    let observer: any BackupObserver
    let counters: BackupCounters
    let cutter: StreamCutter

    init(
        observer: any BackupObserver,
        counters: BackupCounters,
        pool: BufferPool,
        jobs: BoundedQueue<ChunkJob>,
        run: any ChunkStoring,
        chunker: consuming Chunker
    ) throws {
        self.observer = observer
        self.counters = counters
        cutter = try StreamCutter(
            progress: counters.progress,
            pool: pool,
            jobs: jobs,
            run: run,
            chunker: chunker
        )
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
                bundle = try cutter.takeBuffer()
                bundlePlace = batch.addPlace()
            }
            guard let buffer = bundle else { continue }
            try readSmall(file, &batch.items[index], batch, buffer, place: bundlePlace)
        }
        if let bundle { cutter.submit(bundle, batch, bundlePlace) }
        batch.markRead()
    }

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
                let isTorn =
                    !file.hidesSize && (StatRecord(before) != StatRecord(after) || count != Int(after.size))
                if count == room, after.size > Int64(count) || file.hidesSize {
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

    func open(_ file: FileToRead) throws -> Descriptor {
        try file.directory.openFile(file.name, for: .reading)
    }

    /// Sets what the entry says of a file that has been read.
    func complete(
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

    func fail(_ item: inout BatchItem, _ path: [UInt8], _ error: any Error) {
        item.work = .failed
        item.placement = .none
        if let error = error as? SystemError, error.isNotFound { return }  // Deleted meanwhile.
        counters.failed()
        observer.itemFailed(path, error)
    }
}

/// A file turned into something else between the walk and its reading.
struct FileVanished: Error, CustomStringConvertible {
    var description: String { "it was replaced by something else while the backup ran" }
}

extension FileStatus {
    /// Whether fewer blocks are allocated than the size needs.
    var mayHaveHoles: Bool { size > allocatedBytes }
}
