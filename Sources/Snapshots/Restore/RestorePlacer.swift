import FileSystem
import Glibc
import Threads

/// Gives completed files their names, in batches: a batch is flushed to disk first, so that after a power cut no name
/// stands for a file whose content was lost.
///
/// The next batch is written meanwhile.
final class RestorePlacer: Sendable {
    /// A completed file under its name for the time being.
    struct Placement: Sendable {
        let item: RestoreItem
        let directory: Directory
        let name: [UInt8]
        /// Bytes that were written for it.
        let byteCount: UInt64
    }

    private struct Batch {
        var placements: [Placement] = []
        var byteCount: UInt64 = 0
        var parents: Set<ObjectIdentifier> = []
    }

    private static let mostFiles = 4096
    private static let mostBytes: UInt64 = 256 << 20

    private let context: RestoreContext
    /// How many directories a batch may concern: each is held open.
    private let mostDirectories: Int
    private let current = Monitor(Batch())
    private let batches = BoundedQueue<[Placement]>(capacity: 1)
    private let ended = Completion()

    init(context: RestoreContext, mostDirectories: Int) {
        self.context = context
        self.mostDirectories = mostDirectories
    }

    /// Starts the thread that places.
    func start() {
        _ = WorkerThread(name: "hf-place") { [self] in
            while let batch = batches.pop() { place(batch) }
            ended.finish()
        }
    }

    /// Takes a completed file, waiting while two batches are on their way.
    func add(_ placement: Placement) {
        let full = current.withLock { batch -> [Placement]? in
            batch.placements.append(placement)
            batch.byteCount += placement.byteCount
            batch.parents.insert(ObjectIdentifier(placement.item.parent))
            let isFull =
                batch.placements.count >= RestorePlacer.mostFiles || batch.byteCount >= RestorePlacer.mostBytes
                || batch.parents.count >= mostDirectories
            guard isFull else { return nil }
            defer { batch = Batch() }
            return batch.placements
        }
        if let full { batches.push(full) }
    }

    /// Places what is left, and waits until all is done.
    func finish() {
        let rest = current.withLock { batch -> [Placement] in
            defer { batch = Batch() }
            return batch.placements
        }
        if !rest.isEmpty { batches.push(rest) }
        batches.finish()
        ended.wait()
    }

    private func place(_ batch: [Placement]) {
        var isStopped = (try? context.check()) == nil
        if !isStopped, context.options.isDurable {
            do { try flush(batch) } catch {
                context.abort(error)
                isStopped = true
            }
        }
        for placement in batch {
            if !isStopped { place(placement) }
            placement.item.parent.finishItem(context)
        }
    }

    private func flush(_ batch: [Placement]) throws {
        var flushed: [StagingArea] = []
        for placement in batch where placement.byteCount > 0 {
            guard let staging = placement.item.staging, !flushed.contains(where: { $0 === staging }) else { continue }
            try staging.links.syncFileSystem()
            flushed.append(staging)
        }
    }

    private func place(_ placement: Placement) {
        let item = placement.item
        do {
            let outcome = try rename(placement)
            context.report(item.path, outcome, bytes: item.entry.size)
        } catch {
            try? placement.directory.unlink(placement.name)
            context.fail(item.path, SystemError(errno: error.errno, operation: "put in place", path: item.path))
        }
    }

    private func rename(_ placement: Placement) throws(SystemError) -> RestoreOutcome {
        let item = placement.item
        func move(_ mode: RenameMode) throws(SystemError) {
            try placement.directory.rename(placement.name, to: item.directory, as: item.name, mode)
        }
        guard item.existing == nil else {
            try move(.replacing)
            return .replaced
        }
        do {
            try move(.withoutReplacing)
            return .created
        } catch {
            // Some file systems cannot promise not to replace; then somebody else must not use the directory meanwhile.
            let isUnsupported = error.errno == EINVAL || error.isUnsupported
            guard error.isAlreadyExisting || isUnsupported else { throw error }
            // Something has come there since the walk.
            if let status = try item.directory.statusIfPresent(item.name) {
                if context.keeps(status, insteadOf: item.entry) {
                    try? placement.directory.unlink(placement.name)
                    return .kept
                }
                try move(.replacing)
                return .replaced
            }
            try move(isUnsupported ? .replacing : .withoutReplacing)
            return .created
        }
    }
}

extension RestoreContext {
    /// Whether the overwrite rule keeps an existing file without looking at its content.
    func keeps(_ status: FileStatus, insteadOf entry: Entry) -> Bool {
        switch options.overwrite {
        case .always, .ifChanged: false
        case .ifNewer: status.modified >= entry.modified
        case .never: true
        }
    }
}
