import Chunking
import Cryptography
import FileSystem
package import Records
package import Repository

/// Makes snapshots without what is lost, which take the place of those that have lost it.
///
/// A file of which any part is lost is left out, and so are attributes that are; directories that are lost are made up
/// around what is left of their content. The new snapshot is marked as incomplete, and its description says why. What
/// is lost is found as a check without reading data finds it, and in packs that a check or restore of this host has
/// found damaged.
package final class SnapshotRepair {
    /// What became of one snapshot.
    package struct Outcome: Sendable {
        /// The snapshot.
        package var old: ObjectHash
        /// The one that takes its place; none in a dry run, or if nothing is lost or nothing left.
        package var new: ObjectHash?
        /// What it has lost.
        package var losses: SnapshotLosses
        /// Entries without the attributes that they had.
        package var withoutAttributes = 0
        /// Why nothing is left of it.
        package var problem: String?

        /// Whether nothing is lost.
        package var isWhole: Bool {
            problem == nil && losses.files == 0 && losses.lostPlaces.isEmpty && withoutAttributes == 0
        }
    }

    private let repository: Repository
    private let isDryRun: Bool

    /// Prepares the repair.
    package init(_ repository: Repository, isDryRun: Bool) {
        self.repository = repository
        self.isDryRun = isDryRun
    }

    /// Repairs one snapshot.
    ///
    /// - Throws: `RepositoryError.notPermitted`, `.cancelled`, or what keeps the store from being read or written.
    package func repair(_ snapshot: Snapshot) throws -> Outcome {
        let index = try repository.loadIndex()
        var outcome = Outcome(old: snapshot.id, losses: SnapshotLosses(snapshot: snapshot.id))
        do {
            try walk(snapshot, index, &outcome) { _ in }
        } catch let error where error.isDamage {
            outcome.problem = "\(error)"
            return outcome
        }
        guard !isDryRun, !outcome.isWhole else { return outcome }
        outcome = Outcome(old: snapshot.id, losses: SnapshotLosses(snapshot: snapshot.id))
        var options = WriteOptions()
        options.domain = snapshot.commit.domain
        let run = try WriteRun.begin(repository, options: options)
        do {
            let builder = try ManifestBuilder(sink: RepairSink(run))
            try walk(snapshot, run.index, &outcome) { entry in
                if entry.kind == .directoryEnd { return try builder.endDirectory() }
                try builder.add(entry)
                try refer(to: entry, run)
            }
            outcome.new = try commit(snapshot, try builder.finish(), outcome, run)
        } catch {
            run.abandon()
            throw error
        }
        return outcome
    }

    private func commit(
        _ snapshot: Snapshot,
        _ root: ManifestRoot,
        _ outcome: Outcome,
        _ run: WriteRun
    ) throws -> ObjectHash {
        var details = snapshot.details
        details.rootDigest = root.digest
        details.isIncomplete = true
        details.statistics.entries = root.entryCount
        details.statistics.contentBytes = root.contentBytes
        let lost = outcome.losses
        var remark =
            "repaired: \(lost.files) files and \(lost.lostEntries) unknown entries of snapshot "
            + "\(snapshot.shortID) are lost"
        if outcome.withoutAttributes > 0 { remark += ", and the attributes of \(outcome.withoutAttributes) entries" }
        details.note = details.note.isEmpty ? remark : details.note + "\n" + remark
        var request = CommitRequest(
            root: PageReference(chunk: root.id, level: UInt64(root.level)),
            details: details
        )
        request.interval = snapshot.commit.interval
        request.replaces = snapshot.id
        request.inheritedLists = snapshot.commit.addedPackLists + snapshot.commit.referredPackLists
        return try run.commit(request, log: try CommitLog.load(repository))
    }

    /// Hands on what is left of a snapshot, in order.
    private func walk(
        _ snapshot: Snapshot,
        _ index: LocalIndex,
        _ outcome: inout Outcome,
        _ body: (Entry) throws -> Void
    ) throws {
        let pages = try RepositoryChunkSource(repository: repository, index: index)
        let health = try ChunkHealth(repository: repository, index: index)
        var found: [LostEntries] = []
        let cursor = try ManifestCursor(
            page: snapshot.commit.root,
            digest: snapshot.details.rootDigest,
            source: pages,
            salvage: ManifestSalvage { found.append($0) }
        )
        while var entry = try cursor.next() {
            if repository.environment.isCancelled() {
                throw RepositoryError(.cancelled, "stopped; snapshots that are repaired already stay so")
            }
            if case .stored(hash: _, let extents, byteCount: _) = entry.attributes,
                try !extents.allSatisfy({ try isThere($0, health) })
            {
                entry.attributes = .inline([])
                outcome.withoutAttributes += 1
            }
            if entry.kind == .regular, try !isWhole(entry, pages, health) {
                outcome.losses.add(entry.path)
                continue
            }
            try body(entry)
        }
        for lost in found { outcome.losses.add(lost) }
    }

    private func isWhole(_ entry: Entry, _ pages: any ChunkSource, _ health: ChunkHealth) throws -> Bool {
        var extents = ExtentReader(entry, source: pages)
        do {
            while let extent = try extents.next() {
                if try !isThere(extent, health) { return false }
            }
            return true
        } catch let error where error.isDamage {
            return false
        }
    }

    private func isThere(_ extent: Extent, _ health: ChunkHealth) throws -> Bool {
        guard case .chunk(let id, let offset, let length) = extent else { return true }
        guard let whole = try health.length(of: id, .data) else { return false }
        return offset + length <= whole
    }

    /// Notes the packs of an entry's chunks that lie elsewhere than the old snapshot's lists say, as after healing.
    private func refer(to entry: Entry, _ run: WriteRun) throws {
        if case .stored(hash: _, let extents, byteCount: _) = entry.attributes { refer(to: extents, run) }
        guard entry.kind == .regular else { return }
        switch entry.content {
        case .none: return
        case .inline(let extents): refer(to: extents, run)
        case .tree:
            let pages = NotingSource(try RepositoryChunkSource(repository: repository, index: run.index), run.index)
            var extents = ExtentReader(entry, source: pages)
            while let extent = try extents.next() { refer(to: [extent], run) }
        }
    }

    private func refer(to extents: [Extent], _ run: WriteRun) {
        for case .chunk(let id, offset: _, length: _) in extents { _ = run.index.isReusable(id) }
    }
}

/// Stores the pages of a repaired manifest.
private final class RepairSink: ChunkSink {
    private let run: WriteRun
    private var identifier: ChunkIdentifier
    private var encoder: ChunkEncoder

    init(_ run: WriteRun) throws {
        self.run = run
        identifier = try ChunkIdentifier(keys: run.keys)
        encoder = try ChunkEncoder(compression: .standard, verifies: true)
    }

    func store(_ page: [UInt8], type: ChunkType) throws -> ChunkID {
        try unsafe run.store(page.span.bytes, type: type, identifier: &identifier, encoder: &encoder).id
    }
}

/// Loads pages, and notes their packs as referred to.
private final class NotingSource: ChunkSource {
    private let base: RepositoryChunkSource
    private let index: LocalIndex

    init(_ base: RepositoryChunkSource, _ index: LocalIndex) {
        self.base = base
        self.index = index
    }

    func load(_ id: ChunkID, type: ChunkType) throws -> [UInt8] {
        _ = index.isReusable(id)
        return try base.load(id, type: type)
    }
}
