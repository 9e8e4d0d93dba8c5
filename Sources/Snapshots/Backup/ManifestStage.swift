import Chunking
import Cryptography
import Records
import Repository
import Threads

/// Stores pages of a manifest through a run, and remembers the ids of those stored since it was asked to.
final class RunSink: ChunkSink {
    private let run: any ChunkStoring
    private let counters: BackupCounters
    private var identifier: ChunkIdentifier
    private var encoder: ChunkEncoder
    /// Extent pages stored since the last `removeAll`.
    var extentPages: [ChunkID] = []

    init(
        run: any ChunkStoring,
        counters: BackupCounters,
        identifier: consuming ChunkIdentifier,
        encoder: consuming ChunkEncoder
    ) {
        self.run = run
        self.counters = counters
        self.identifier = identifier
        self.encoder = encoder
    }

    func store(_ page: [UInt8], type: ChunkType) throws -> ChunkID {
        let stored = try unsafe run.store(
            page.span.bytes,
            type: type,
            identifier: &identifier,
            encoder: &encoder
        )
        if type == .extentPage { extentPages.append(stored.id) }
        counters.stored(type, byteCount: page.count, storedByteCount: stored.storedByteCount)
        return stored.id
    }
}

/// Puts the batches into the manifest, in order, as their chunks become known.
final class ManifestStage {
    private let run: any ChunkStoring
    private let observer: any BackupObserver
    private let counters: BackupCounters
    private let sink: RunSink
    private let builder: ManifestBuilder
    private let cache: FileCacheWriter?
    private var census = BundleCensus()
    /// Entries of inodes with several names, by group, until the walk ends.
    private var linked: [UInt64: (entry: Entry, treeChunks: [ChunkID])?] = [:]
    private var directories: DirectoryChanges

    init(
        run: any ChunkStoring,
        observer: any BackupObserver,
        counters: BackupCounters,
        sink: RunSink,
        cache: FileCacheWriter?,
        hasPrevious: Bool
    ) throws {
        directories = DirectoryChanges(hasPrevious: hasPrevious)
        self.run = run
        self.observer = observer
        self.counters = counters
        self.sink = sink
        self.cache = cache
        builder = try ManifestBuilder(sink: sink)
    }

    /// Consumes one batch.
    ///
    /// - Returns: `false` if the run has failed.
    func consume(_ batch: EntryBatch) throws -> Bool {
        let isFailed = { (try? self.run.check()) == nil }
        if batch.items.count == 1, case .stream = batch.items[0].placement {
            guard let content = try streamedContent(batch, isFailed) else { return false }
            try finish(&batch.items[0], content)
            return true
        }
        guard let pieces = batch.waitForAll(failed: isFailed) else { return false }
        for index in batch.items.indices {
            let content = try content(of: batch.items[index], pieces)
            try finish(&batch.items[index], content)
        }
        return true
    }

    /// Ends the manifest.
    func finish() throws -> ManifestRoot {
        cache?.thinBundles = census.finish()
        counters.count(directories: directories.tally)
        return try builder.finish()
    }

    private typealias MadeContent = (content: Content, treeChunks: [ChunkID])

    private func content(of item: BatchItem, _ pieces: [Int: EntryBatch.PieceOrHole]) throws -> MadeContent? {
        switch item.placement {
        case .none, .stream:
            return nil
        case .bundled(let place, let offset, let length):
            guard case .piece(let piece)? = pieces[place] else { return nil }
            return (.inline([.chunk(piece.id, offset: offset, length: length)]), [])
        case .pieces(let range):
            let extents = ExtentCollection(sink: sink)
            for place in range {
                if let piece = pieces[place] { try extents.append(piece) }
            }
            return try extents.finish()
        }
    }

    /// Takes the pieces of one large file as they come, so that memory does not grow with it.
    private func streamedContent(_ batch: EntryBatch, _ isFailed: () -> Bool) throws -> MadeContent? {
        var extents = ExtentCollection(sink: sink)
        var place = 0
        while let piece = batch.take(place, failed: isFailed) {
            place += 1
            if case .restart = piece {
                extents = ExtentCollection(sink: sink)
            } else {
                try extents.append(piece)
            }
        }
        return isFailed() ? nil : try extents.finish()
    }

    private func finish(_ item: inout BatchItem, _ made: MadeContent?) throws {
        if let made {
            item.entry.content = made.content
            item.treeChunks = made.treeChunks
        }
        switch item.work {
        case .endDirectory:
            try builder.endDirectory()
            directories.leave()
            return
        case .failed, .read:
            if item.entry.hardLinkGroup != 0 { linked[item.entry.hardLinkGroup] = .some(nil) }
            return
        case .linked:
            guard let first = linked[item.entry.hardLinkGroup] ?? nil else { return }
            // All names say the same, also if the inode changes between the one and the other.
            let path = item.entry.path
            item.entry = first.entry
            item.entry.path = path
            item.treeChunks = first.treeChunks
        case .done:
            if made == nil { takeCensus(of: item.entry) }
            if item.entry.hardLinkGroup != 0 {
                linked[item.entry.hardLinkGroup] = (item.entry, item.treeChunks)
            }
        }
        try builder.add(item.entry)
        count(item)
        if let cache, let stat = item.stat, item.entry.kind != .directoryEnd {
            try cache.add(item.entry, stat, treeChunks: item.treeChunks)
        }
    }

    /// Notes what an entry that was kept uses of its bundle.
    private func takeCensus(of entry: Entry) {
        guard cache != nil, case .inline(let extents) = entry.content, extents.count == 1,
            case .chunk(let id, offset: _, let length) = extents[0]
        else { return }
        census.add(id, length: length) { run.byteCount(of: id) }
    }

    private func count(_ item: BatchItem) {
        if item.entry.kind == .directory { directories.enter(item.change) } else { directories.note(item.change) }
        counters.count { statistics in
            if item.entry.kind == .directory {
                statistics.directories += 1
            } else {
                switch item.change {
                case .new?: statistics.filesNew += 1
                case .changed?: statistics.filesChanged += 1
                case .unmodified?: statistics.filesUnmodified += 1
                case nil: break
                }
            }
        }
        if observer.wantsItems, let change = item.change {
            observer.item([UInt8(ascii: "/")] + item.entry.path, change, bytes: item.entry.size)
        }
    }
}

/// Collects the extents of one file, merging holes, and notes the chunks of a long list.
private final class ExtentCollection {
    private let sink: RunSink
    private let builder: ExtentTreeBuilder
    private var chunks: [ChunkID] = []
    private var count = 0

    init(sink: RunSink) {
        self.sink = sink
        sink.extentPages.removeAll()
        builder = ExtentTreeBuilder(sink: sink)
    }

    func append(_ piece: EntryBatch.PieceOrHole) throws {
        switch piece {
        case .piece(let piece):
            chunks.append(piece.id)
            try builder.append(.chunk(piece.id, offset: 0, length: UInt64(piece.byteCount)))
        case .hole(let length):
            if length > 0 { try builder.append(.hole(length: length)) }
        case .restart:
            break
        }
    }

    func finish() throws -> (content: Content, treeChunks: [ChunkID]) {
        let content = try builder.finish()
        guard case .tree = content else { return (content, []) }
        return (content, chunks + sink.extentPages)
    }
}
