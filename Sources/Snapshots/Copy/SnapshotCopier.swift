package import Chunking
import Cryptography
package import Records
package import Repository

/// What became of one snapshot.
package struct CopyResult: Sendable {
    /// The snapshot in the repository that was copied from.
    package var source: ObjectHash
    /// The snapshot in the other one.
    package var copy: ObjectHash
    /// Bytes of content that were read.
    package var bytesRead: UInt64
    /// Plain bytes of chunks that were stored.
    package var bytesAdded: UInt64
    /// What they take in packs.
    package var bytesStored: UInt64
}

/// Copies snapshots into a repository with other keys: everything is read, checked, and stored anew.
package final class SnapshotCopier {
    private let source: Repository
    private let destination: Repository
    private let compression: CompressionSetting
    private var destinationLog: CommitLog
    /// The snapshots of the destination that are copies, by origin and content.
    private var copies: [Content: ObjectHash] = [:]
    /// What the commits of the source replace.
    private let replaced: [ObjectHash: ObjectHash]
    private let sourceIndex: LocalIndex
    /// What was copied last of each host and dataset.
    private var last: [[String]: Snapshot] = [:]

    /// Prepares to copy.
    ///
    /// - Throws: `RepositoryError.invalidRequest` if both are one repository; `.notPermitted` if one cannot be read.
    package init(
        from source: Repository,
        _ list: SnapshotList,
        to destination: Repository,
        compression: CompressionSetting
    )
        throws
    {
        guard source.id != destination.id else {
            throw RepositoryError(.invalidRequest, "both are the same repository: there is nothing to copy")
        }
        self.source = source
        self.destination = destination
        self.compression = compression
        replaced = Dictionary(
            list.log.commits.compactMap { commit in commit.replaces.map { (commit.id, $0) } },
            uniquingKeysWith: { first, _ in first }
        )
        let there = try SnapshotList.load(destination)
        destinationLog = there.log
        destinationProblems = there.problems
        sourceIndex = try source.loadIndex()
        for snapshot in there.snapshots {
            guard let original = snapshot.details.original else { continue }
            last[SnapshotCopier.key(snapshot)] = snapshot
            copies[Content(origin: original, digest: snapshot.details.rootDigest)] = snapshot.id
        }
    }

    /// What is wrong with the history of the destination.
    package let destinationProblems: [HistoryProblem]

    /// Where a snapshot comes from, and what it holds.
    private struct Content: Hashable {
        var origin: ObjectHash
        var digest: Digest?
    }

    /// The snapshot of the destination that is a copy of one of the source already.
    package func existingCopy(of snapshot: Snapshot) -> ObjectHash? {
        copies[Content(origin: origin(of: snapshot), digest: snapshot.details.rootDigest)]
    }

    /// Copies a snapshot.
    ///
    /// - Throws: `RepositoryError` or `ManifestError` for what is damaged or missing in the source; then the destination
    ///   has no new snapshot.
    package func copy(_ snapshot: Snapshot) throws -> CopyResult {
        let run = try WriteRun.begin(destination)
        do {
            let (id, sink, bytesRead) = try copy(snapshot, run)
            try destinationLog.noteOwn(id, in: destination)
            if let commit = destinationLog.commits.last(where: { $0.id == id })?.commit {
                let copied = Snapshot(id: id, commit: commit, details: try destination.details(of: commit))
                last[SnapshotCopier.key(copied)] = copied
                copies[Content(origin: origin(of: snapshot), digest: copied.details.rootDigest)] = id
            }
            return CopyResult(
                source: snapshot.id,
                copy: id,
                bytesRead: bytesRead,
                bytesAdded: sink.bytesAdded,
                bytesStored: sink.bytesStored
            )
        } catch {
            run.abandon()
            throw error
        }
    }

    private func copy(_ snapshot: Snapshot, _ run: WriteRun) throws -> (ObjectHash, PageSink, UInt64) {
        let pages = try RepositoryChunkSource(repository: source, index: sourceIndex)
        let cursor = try ManifestCursor(
            page: snapshot.commit.root,
            digest: snapshot.details.rootDigest,
            source: pages,
            verifyDigests: true
        )
        let sink = try PageSink(store: run, keys: run.keys, compression: compression)
        let parameters = SnapshotCopier.parameters(snapshot.details.chunker)
        let copier = try EntryCopier(
            reader: try ContentReader(repository: source, index: sourceIndex, pages: pages),
            pages: pages,
            previous: try previous(snapshot, run, sink),
            sink: sink,
            chunker: try Chunker(parameters: parameters, key: run.keys.chunkerKey)
        )
        var count = 0
        while let entry = try cursor.next() {
            count += 1
            if count.isMultiple(of: 64) {
                try run.check()
                if source.environment.isCancelled() { throw RepositoryError(.cancelled, "stopped before the end") }
            }
            try copier.add(entry)
        }
        let root = try copier.finish()
        if let digest = snapshot.details.rootDigest, digest != root.digest {
            throw RepositoryError(
                .integrity,
                "the copy of snapshot \(snapshot.shortID) would not be what the original is"
            )
        }
        var details = snapshot.details
        details.parent = nil
        details.original = origin(of: snapshot)
        details.rootDigest = root.digest
        details.statistics.entries = root.entryCount
        details.statistics.contentBytes = root.contentBytes
        details.chunker = ChunkerRecord(
            kind: UInt64(parameters.kind.rawValue),
            minimum: UInt64(parameters.minimum),
            average: UInt64(parameters.average),
            maximum: UInt64(parameters.maximum)
        )
        let request = CommitRequest(root: PageReference(chunk: root.id, level: UInt64(root.level)), details: details)
        let id = try run.commit(request, log: destinationLog)
        return (id, sink, copier.bytesRead)
    }

    /// The snapshot that a chain of copies, tags and rewrites began with.
    private func origin(of snapshot: Snapshot) -> ObjectHash {
        if let original = snapshot.details.original { return original }
        var origin = snapshot.id
        // A commit names the hash of the one it replaces, so there is no circle.
        while let older = replaced[origin] { origin = older }
        return origin
    }

    /// The manifest of what was copied last of the same host and dataset.
    private func previous(_ snapshot: Snapshot, _ run: WriteRun, _ sink: PageSink) throws -> CopiedPrevious? {
        guard let known = last[SnapshotCopier.key(snapshot)] else { return nil }
        let pages = try RepositoryChunkSource(repository: destination, index: run.index)
        let cursor = try ManifestCursor(page: known.commit.root, digest: known.details.rootDigest, source: pages)
        return try CopiedPrevious(cursor: cursor, pages: pages, sink: sink) { run.isReusable($0) }
    }

    private static func key(_ snapshot: Snapshot) -> [String] { [snapshot.details.host, snapshot.details.dataset] }

    /// The parameters that the snapshot was cut by, if they are such as this program cuts by.
    private static func parameters(_ record: ChunkerRecord?) -> ChunkerParameters {
        guard let record, let number = UInt8(exactly: record.kind), let kind = ChunkerParameters.Kind(rawValue: number),
            let parameters = try? ChunkerParameters(
                kind: kind,
                minimum: Int(clamping: record.minimum),
                average: Int(clamping: record.average),
                maximum: Int(clamping: record.maximum)
            )
        else { return .files }
        return parameters
    }
}
