import FileSystem
import Threads

/// A directory that is being restored: it gets its own metadata when everything in it has its place.
///
/// Only what is pending keeps it in memory, and it holds no descriptor before it has ended.
final class RestoredDirectory: Sendable {
    private struct State {
        var pending = 0
        /// Set when the walk has left the directory.
        var ended: Directory?
    }

    /// The directory's entry, or nil when nothing is to be set: the top of a whole snapshot, or a directory that was
    /// there and is only a parent of a saved path.
    private let entry: Entry?
    /// The path below the target, for messages.
    private let path: [UInt8]
    private let state = Monitor(State())

    init(entry: Entry?, path: [UInt8]) {
        self.entry = entry
        self.path = path
    }

    /// Notes an item that will be put in place later.
    func begin() { state.withLock { $0.pending += 1 } }

    /// Notes that an item is in place, or never will be.
    func finishItem(_ context: RestoreContext) {
        let ready = state.withLock { state -> Directory? in
            state.pending -= 1
            return state.pending == 0 ? state.ended : nil
        }
        if let ready { apply(to: ready, context) }
    }

    /// Notes that no further item will come.
    func end(_ directory: Directory, _ context: RestoreContext) {
        let isReady = state.withLock { state -> Bool in
            state.ended = directory
            return state.pending == 0
        }
        if isReady { apply(to: directory, context) }
    }

    private func apply(to directory: Directory, _ context: RestoreContext) {
        state.withLock { $0.ended = nil }
        guard let entry else { return }
        do {
            let isRight = try context.metadata.matches(entry, try directory.status()) {
                try directory.descriptor.extendedAttributes()
            }
            if isRight { return }
        } catch {
            // What cannot be compared is set.
        }
        if let error = context.metadata.apply(entry, to: directory.descriptor, isFresh: false) {
            context.fail(path, error)
        }
    }
}
