import Records
import Repository
import Threads

/// Where chunks of a backup go: a run that stores them, or nowhere.
protocol ChunkStoring: AnyObject, Sendable {
    /// Stores a chunk unless the repository has it; tells its id and how many bytes that took.
    func store(
        _ plaintext: RawSpan,
        type: ChunkType,
        identifier: inout ChunkIdentifier,
        encoder: inout ChunkEncoder
    ) throws -> (id: ChunkID, storedByteCount: Int)
    /// Whether a snapshot may refer to a chunk without storing it.
    func isReusable(_ id: ChunkID) -> Bool
    /// The length of a chunk that is stored and indexed, bytes.
    func byteCount(of id: ChunkID) -> UInt64?
    /// Throws if some thread has failed.
    func check() throws
    /// Makes everything fail.
    func fail(_ error: any Error)
}

extension WriteRun: ChunkStoring {
    func isReusable(_ id: ChunkID) -> Bool { index.isReusable(id) }
    func byteCount(of id: ChunkID) -> UInt64? { index.byteCount(of: id) }
}

extension LocalIndex {
    /// The length of a chunk's plaintext, bytes.
    fileprivate func byteCount(of id: ChunkID) -> UInt64? {
        (try? locations(of: id))?.first.map { UInt64($0.entry.plainLength) }
    }
}

/// Stores nothing: for dry runs.
final class DryRun: ChunkStoring {
    private let index: LocalIndex
    private let failure = Monitor<(any Error)?>(nil)

    init(index: LocalIndex) { self.index = index }

    func store(
        _ plaintext: RawSpan,
        type: ChunkType,
        identifier: inout ChunkIdentifier,
        encoder: inout ChunkEncoder
    ) throws -> (id: ChunkID, storedByteCount: Int) {
        let id = try identifier.identify(plaintext, type: type)
        guard index.reserve(id) == .reserved else { return (id, 0) }
        return (id, try encoder.storedByteCount(of: plaintext))
    }

    func isReusable(_ id: ChunkID) -> Bool { index.isReusable(id) }

    func byteCount(of id: ChunkID) -> UInt64? { index.byteCount(of: id) }

    func check() throws {
        if let error = failure.withLock({ $0 }) { throw error }
    }

    func fail(_ error: any Error) {
        failure.withLock { if $0 == nil { $0 = error } }
    }
}
