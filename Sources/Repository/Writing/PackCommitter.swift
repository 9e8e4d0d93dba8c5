import ObjectStorage
import Records
import Threads

/// Makes closed packs durable on a thread of its own, and every few packs writes an index fragment and a pack list, so
/// that an interrupted run loses little of its work.
///
/// Order: packs, then the fragment, then the list (format.md §1.3).
final class PackCommitter: Sendable {
    /// Packs between two lists: what a killed run stores again at most.
    private static let packsPerList = 8

    private struct State {
        var stored: [StoredPack] = []
        var lists: [(number: UInt64, hash: ObjectHash)] = []
        var packCount = 0
        var byteCount: UInt64 = 0
    }

    private let queue = BoundedQueue<ClosedPack>(capacity: 2)
    private let state = Monitor(State())
    private let failure: RunFailure
    private let flush: @Sendable ([StoredPack], UInt64) throws -> ObjectHash
    private let idle: @Sendable () throws -> Void
    private let thread: Monitor<WorkerThread?> = Monitor(nil)

    /// - Parameters:
    ///   - flush: writes fragment and list of some packs, the list under the given number; returns the list's hash.
    ///   - idle: called at least every few seconds, to renew the lease.
    init(
        failure: RunFailure,
        idle: @escaping @Sendable () throws -> Void,
        flush: @escaping @Sendable ([StoredPack], UInt64) throws -> ObjectHash
    ) {
        self.failure = failure
        self.flush = flush
        self.idle = idle
    }

    /// Starts the thread.
    func start() {
        thread.change { $0 = WorkerThread(name: "pack-committer") { [self] in run() } }
    }

    /// Hands over a closed pack; waits while two are under way.
    func submit(_ pack: ClosedPack) throws {
        guard queue.push(pack) else {
            pack.abandon()
            try failure.check()
            throw RepositoryError(.cancelled, "the run has ended")
        }
    }

    /// Waits until all is durable, and writes the last fragment and list.
    ///
    /// - Returns: the numbers and hashes of all lists of the run.
    func finish() throws -> [(number: UInt64, hash: ObjectHash)] {
        queue.finish()
        thread.withLock { $0 }?.join()
        try failure.check()
        try flushStored()
        return state.withLock { $0.lists }
    }

    /// Gives up packs that are not durable yet.
    func abandon() {
        queue.finish()
        thread.withLock { $0 }?.join()
    }

    /// What has become durable: packs and their bytes.
    var totals: (packs: Int, bytes: UInt64) { state.withLock { ($0.packCount, $0.byteCount) } }

    private func run() {
        while true {
            let (pack, isFinished) = queue.pop(waitingSeconds: 1)
            do {
                if let pack {
                    try failure.check()
                    try pack.commit()
                    let count = state.withLock { state in
                        state.stored.append(pack.pack)
                        state.packCount += 1
                        state.byteCount += pack.pack.byteCount
                        return state.stored.count
                    }
                    if count >= PackCommitter.packsPerList { try flushStored() }
                }
                try idle()
            } catch {
                pack?.abandon()
                failure.note(error)
                // Producers must not wait for room that never comes.
                while let left = queue.pop(waitingSeconds: 0).element { left.abandon() }
                queue.finish()
                while let left = queue.pop() { left.abandon() }
                return
            }
            if isFinished { return }
        }
    }

    private func flushStored() throws {
        let (packs, number) = state.withLock { state in
            defer { state.stored = [] }
            return (state.stored, UInt64(state.lists.count))
        }
        guard !packs.isEmpty else { return }
        let hash = try flush(packs, number)
        state.withLock { $0.lists.append((number, hash)) }
    }
}
