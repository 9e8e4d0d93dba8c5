import Chunking
import Cryptography
import FileSystem
import Foundation
import ObjectStorage
import Records
import Repository
import Snapshots
import Synchronization
import TestSupport

/// A repository with a source, and a place to restore to.
final class RestoreFixture: Sendable {
    let backup: BackupFixture
    let target: String
    /// The source's path in snapshots.
    let root: [UInt8]

    init() throws {
        backup = try BackupFixture()
        target = backup.place.path("target")
        root = Array(backup.source.utf8.dropFirst())
    }

    /// The source directory, open.
    var source: Directory { get throws { try Directory.open(path: Array(backup.source.utf8)) } }

    /// The target directory, open.
    var restored: Directory { get throws { try Directory.open(path: Array(target.utf8)) } }

    /// Restores the content of the source, of the newest snapshot unless another root page is given.
    @discardableResult
    func restore(
        to path: String? = nil,
        page: PageReference? = nil,
        store: (any ObjectStore)? = nil,
        observer: RestoreRecorder = RestoreRecorder(),
        _ change: (inout RestoreOptions) throws -> Void = { _ in }
    ) throws -> RestoreSummary {
        let repository = try backup.open(store: store)
        var options = RestoreOptions()
        options.root = root
        try change(&options)
        let restore = Restore(
            repository: repository,
            index: try repository.loadIndex(),
            root: try page ?? newestRoot(repository),
            options: options,
            observer: observer
        )
        return try restore.run(to: Array((path ?? target).utf8))
    }

    /// The differences between the newest snapshot's source and a directory, as `kind path`.
    func differences(
        with path: String? = nil,
        scope: LiveDiff.Scope = [.content, .extra],
        _ change: (inout RestoreOptions) throws -> Void = { _ in }
    ) throws -> [String] {
        let repository = try backup.open()
        var options = RestoreOptions()
        options.root = root
        try change(&options)
        let comparison = try LiveDiff(
            repository: repository,
            index: try repository.loadIndex(),
            root: try newestRoot(repository),
            options: options,
            scope: scope
        )
        var found: [String] = []
        try comparison.run(against: try Directory.open(path: Array((path ?? target).utf8))) { difference in
            switch difference {
            case .missing(let path, _): found.append("missing \(text(path))")
            case .extra(let path, _): found.append("extra \(text(path))")
            case .changed(let path, _, let aspects): found.append("changed \(aspects.rawValue) \(text(path))")
            case .unreadable(let path, _): found.append("unreadable \(text(path))")
            }
        }
        return found
    }

    private func newestRoot(_ repository: Repository) throws -> PageReference {
        try SnapshotList.load(repository).resolve("latest").commit.root
    }

    /// Stores a manifest that no backup would make, and returns its root.
    func store(_ entries: [Entry]) throws -> PageReference {
        try storing { sink in
            let builder = try ManifestBuilder(sink: sink)
            for entry in entries {
                if entry.kind == .directoryEnd { try builder.endDirectory() } else { try builder.add(entry) }
            }
            let root = try builder.finish()
            return PageReference(chunk: root.id, level: UInt64(root.level))
        }
    }

    /// Stores whatever the closure makes, durably.
    func storing<Result>(_ body: (RunSink) throws -> Result) throws -> Result {
        let run = try WriteRun.begin(try backup.open())
        let result = try body(try RunSink(run))
        run.abandon()
        return result
    }
}

/// Stores chunks through a run.
final class RunSink: ChunkSink {
    private let run: WriteRun
    private var identifier: ChunkIdentifier
    private var encoder: ChunkEncoder

    init(_ run: WriteRun) throws {
        self.run = run
        identifier = try ChunkIdentifier(keys: run.keys)
        encoder = try ChunkEncoder(compression: .standard, verifies: false)
    }

    func store(_ page: [UInt8], type: ChunkType) throws -> ChunkID {
        try unsafe run.store(page.span.bytes, type: type, identifier: &identifier, encoder: &encoder).id
    }
}

/// Keeps what a restore tells.
final class RestoreRecorder: RestoreObserver {
    struct Told {
        var failures: [String: String] = [:]
        var deleted: [String] = []
        var items: [String: RestoreOutcome] = [:]
        var warnings: [String] = []
    }

    private let state = Mutex(Told())
    private let onItem: @Sendable (String) -> Void
    var told: Told { state.withLock { $0 } }

    init(onItem: @escaping @Sendable (String) -> Void = { _ in }) { self.onItem = onItem }

    func itemFailed(_ path: [UInt8], _ error: any Error) {
        state.withLock { $0.failures[text(path)] = "\(error)" }
    }

    func deleted(_ path: [UInt8]) { state.withLock { $0.deleted.append(text(path)) } }

    func item(_ path: [UInt8], _ outcome: RestoreOutcome, bytes: UInt64) {
        state.withLock { $0.items[text(path)] = outcome }
        onItem(text(path))
    }

    var wantsItems: Bool { true }

    func warning(_ message: String) { state.withLock { $0.warnings.append(message) } }
}

func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

extension SeededGenerator {
    /// As `bytes`, but whole words at a time: for mebibytes of content.
    mutating func mebibytes(_ count: Int) -> [UInt8] {
        var words: [UInt64] = []
        words.reserveCapacity(count << 17)
        for _ in 0..<count << 17 { words.append(next()) }
        return unsafe words.withUnsafeBytes { unsafe Array($0) }
    }
}
