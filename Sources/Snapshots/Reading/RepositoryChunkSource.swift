package import Records
package import Repository
import Threads

/// Loads manifest pages from a repository, keeping those used last.
package final class RepositoryChunkSource: ChunkSource {
    private struct State {
        var pages: [ChunkID: (bytes: [UInt8], use: UInt64)] = [:]
        var byteCount = 0
        var uses: UInt64 = 0
        var buffer: [UInt8] = []
    }

    /// Pages kept, bytes.
    private static let limit = 8 << 20
    private let reader: Monitor<ChunkReader>
    private let state = Monitor(State())

    /// Reads through an index.
    package init(repository: Repository, index: LocalIndex) throws {
        reader = Monitor(try ChunkReader(repository: repository, index: index))
    }

    package func load(_ id: ChunkID, type: ChunkType) throws -> [UInt8] {
        let known = state.withLock { state -> [UInt8]? in
            guard let page = state.pages[id] else { return nil }
            state.uses += 1
            state.pages[id]?.use = state.uses
            return page.bytes
        }
        if let known { return known }
        let page = try reader.withLock { reader in
            var buffer: [UInt8] = []
            let count = try reader.load(id, type: type, into: &buffer)
            return Array(buffer.prefix(count))
        }
        state.withLock { state in
            while state.byteCount + page.count > RepositoryChunkSource.limit,
                let oldest = state.pages.min(by: { $0.value.use < $1.value.use })
            {
                state.byteCount -= oldest.value.bytes.count
                state.pages[oldest.key] = nil
            }
            state.uses += 1
            state.pages[id] = (page, state.uses)
            state.byteCount += page.count
        }
        return page
    }
}
