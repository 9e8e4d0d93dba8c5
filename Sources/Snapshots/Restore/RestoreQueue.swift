import Threads

/// What the threads of a restore do next: a unit of the walk, or a share of a large file that one of them has begun.
final class RestoreQueue: Sendable {
    /// Work for one thread.
    enum Work {
        case unit(RestoreUnit)
        case share(LargeFile)
    }

    private struct State {
        var units: [RestoreUnit] = []
        /// Large files of which there is more to write; all threads help with the first.
        var large: [LargeFile] = []
        /// Threads that have a unit, and so may begin a large file.
        var busy = 0
        var isFinished = false
    }

    private let state = Monitor(State())
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    /// Adds a unit, waiting for room; false when the queue was cancelled.
    func push(_ unit: RestoreUnit) -> Bool {
        state.wait { state in
            if state.isFinished { return false }
            guard state.units.count < capacity else { return nil }
            state.units.append(unit)
            return true
        } ?? false
    }

    /// Waits for work; nil when there is none and none will come.
    ///
    /// A unit must be given back with `finishUnit`.
    func next() -> Work? {
        let found = state.wait { state -> Work?? in
            if let large = state.large.first { return .some(.share(large)) }
            if !state.units.isEmpty {
                state.busy += 1
                return .some(.unit(state.units.removeFirst()))
            }
            return state.isFinished && state.busy == 0 ? .some(nil) : nil
        }
        return found ?? nil
    }

    /// Says that a unit is done with.
    func finishUnit() { state.change { $0.busy -= 1 } }

    /// Lets other threads help with a large file.
    func share(_ file: LargeFile) { state.change { $0.large.append(file) } }

    /// Says that nothing is left of a large file that nobody has begun.
    func retire(_ file: LargeFile) { state.change { $0.large.removeAll { $0 === file } } }

    /// Says that no more units will come.
    func finish() { state.change { $0.isFinished = true } }

    /// Drops the units that nobody has begun; nothing more is taken in.
    func cancel(_ context: RestoreContext) {
        let dropped = state.change { state -> [RestoreUnit] in
            defer { state.units = [] }
            state.isFinished = true
            return state.units
        }
        for unit in dropped {
            for item in unit.items { item.parent.finishItem(context) }
        }
    }
}
