import Cryptography
import Records
package import Repository

/// How much there is, counted in the ways that differ.
package enum RepositoryStatistics {
    /// What a restore of snapshots would write.
    package struct RestoreSize: Sendable, Hashable {
        /// Snapshots looked at.
        package var snapshots = 0
        /// Entries of all kinds; the names of one inode count each.
        package var entries: UInt64 = 0
        /// Regular files.
        package var files: UInt64 = 0
        /// Bytes of content, once for all names of one inode.
        package var bytes: UInt64 = 0
    }

    /// Files that differ by their content.
    package struct FilesByContents: Sendable, Hashable {
        /// Snapshots looked at.
        package var snapshots = 0
        /// Regular files of different content.
        package var files: UInt64 = 0
        /// Their bytes.
        package var bytes: UInt64 = 0
    }

    /// What is stored.
    package struct RawData: Sendable, Hashable {
        /// Packs, if the whole repository was looked at.
        package var packs: Int?
        /// Bytes of packs, if the whole repository was looked at.
        package var packBytes: UInt64?
        /// Chunks of data.
        package var dataChunks: UInt64 = 0
        /// Pages of manifests and extents.
        package var metadataChunks: UInt64 = 0
        /// Plain bytes of all chunks.
        package var plainBytes: UInt64 = 0
        /// What they take in packs, compressed and sealed, bytes.
        package var storedBytes: UInt64 = 0

        /// Chunks of all kinds.
        package var chunks: UInt64 { dataChunks + metadataChunks }
        /// Bytes of padding, directories and headers, if the whole repository was looked at.
        package var overheadBytes: UInt64? { packBytes.map { $0 > storedBytes ? $0 - storedBytes : 0 } }
        /// Plain bytes for each stored byte; 1 for nothing at all.
        package var compressionRatio: Double { storedBytes == 0 ? 1 : Double(plainBytes) / Double(storedBytes) }

        mutating func add(_ location: ChunkLocation) {
            if location.entry.type == .data { dataChunks += 1 } else { metadataChunks += 1 }
            plainBytes += UInt64(location.entry.plainLength)
            storedBytes += UInt64(location.entry.frameLength)
        }
    }

    /// Counts what a restore of each of the snapshots would write, in all.
    package static func restoreSize(of snapshots: [Snapshot], in repository: Repository) throws -> RestoreSize {
        let source = try RepositoryChunkSource(repository: repository, index: repository.loadIndex())
        var result = RestoreSize()
        for snapshot in snapshots {
            var inodes: Set<UInt64> = []
            try forEachEntry(of: snapshot, in: repository, source) { entry in
                result.entries += 1
                guard entry.kind == .regular else { return }
                result.files += 1
                if entry.hardLinkGroup == 0 || inodes.insert(entry.hardLinkGroup).inserted {
                    result.bytes += entry.size
                }
            }
            result.snapshots += 1
        }
        return result
    }

    /// Counts the files of different content in the snapshots together.
    package static func filesByContents(of snapshots: [Snapshot], in repository: Repository) throws -> FilesByContents {
        let source = try RepositoryChunkSource(repository: repository, index: repository.loadIndex())
        var result = FilesByContents(snapshots: snapshots.count)
        var counter = DistinctContents()
        repeat {
            for snapshot in snapshots {
                try forEachEntry(of: snapshot, in: repository, source) { entry in
                    guard entry.kind == .regular else { return }
                    // Files of no bytes have no hash, and one content.
                    counter.add(entry.contentHash ?? entry.sparseHash ?? .zero, size: entry.size)
                }
            }
        } while counter.finishPass()
        result.files = counter.count
        result.bytes = counter.bytes
        return result
    }

    /// Adds up everything that the repository stores.
    package static func rawData(in repository: Repository) throws -> RawData {
        let index = try repository.loadIndex()
        let packs = try repository.listPacks()
        _ = try repository.indexUncoveredPacks(index)
        var result = RawData(packs: packs.count, packBytes: packs.values.reduce(0, +))
        var counted = 0
        try index.forEachLocation { location in
            counted += 1
            if counted.isMultiple(of: 4096) { try check(repository) }
            if packs[location.pack] == location.packByteCount { result.add(location) }
        }
        return result
    }

    /// Adds up the chunks that the snapshots refer to, each once.
    package static func rawData(of snapshots: [Snapshot], in repository: Repository) throws -> RawData {
        let index = try repository.loadIndex()
        _ = try repository.indexUncoveredPacks(index)
        let source = CountingSource(
            base: try RepositoryChunkSource(repository: repository, index: index),
            marks: ChunkMarks(index: index)
        )
        for snapshot in snapshots {
            try forEachEntry(of: snapshot, in: repository, source) { entry in
                if case .stored(hash: _, let extents, byteCount: _) = entry.attributes { extents.forEach(source.count) }
                guard entry.kind == .regular else { return }
                var extents = ExtentReader(entry, source: source)
                while let extent = try extents.next() { source.count(extent) }
            }
        }
        return source.result
    }

    private static func forEachEntry(
        of snapshot: Snapshot,
        in repository: Repository,
        _ source: any ChunkSource,
        _ body: (Entry) throws -> Void
    ) throws {
        let cursor = try ManifestCursor(
            page: snapshot.commit.root,
            digest: snapshot.details.rootDigest,
            source: source
        )
        var count = 0
        while let entry = try cursor.next() {
            count += 1
            if count.isMultiple(of: 1024) { try check(repository) }
            if entry.kind != .directoryEnd { try body(entry) }
        }
    }

    private static func check(_ repository: Repository) throws {
        if repository.environment.isCancelled() { throw RepositoryError(.cancelled, "stopped before all was counted") }
    }
}
