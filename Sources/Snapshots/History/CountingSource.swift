import Records
import Repository
import Threads

/// Passes pages on and counts them, with the chunks that it is told of, each once.
final class CountingSource: ChunkSource {
    private struct State {
        let marks: ChunkMarks
        var result = RepositoryStatistics.RawData()
    }

    private let base: RepositoryChunkSource
    private let state: Monitor<State>

    /// Counts by marks that nobody else uses.
    init(base: RepositoryChunkSource, marks: sending ChunkMarks) {
        self.base = base
        state = Monitor(State(marks: marks))
    }

    /// What was counted.
    var result: RepositoryStatistics.RawData { state.withLock { $0.result } }

    func load(_ id: ChunkID, type: ChunkType) throws -> [UInt8] {
        count(id)
        return try base.load(id, type: type)
    }

    /// Counts the chunk of an extent.
    func count(_ extent: Extent) {
        if case .chunk(let id, offset: _, length: _) = extent { count(id) }
    }

    private func count(_ id: ChunkID) {
        state.withLock { state in
            if let location = state.marks.insert(id) { state.result.add(location) }
        }
    }
}
