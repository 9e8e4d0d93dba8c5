import FileSystem
import Threads

/// A file that several threads write, piece by piece.
final class LargeFile: Sendable {
    /// A run of extents that one thread writes.
    struct Piece {
        var extents: [(extent: Extent, offset: UInt64)] = []
    }

    private struct State {
        var extents: ExtentReader
        var offset: UInt64 = 0
        /// Pieces that are being written.
        var outstanding = 0
        var isExhausted = false
        var isClosed = false
        var failure: (any Error)?
    }

    /// Bytes of data in a piece, at least, unless the file ends.
    private static let pieceLength: UInt64 = 4 << 20
    /// Extents in a piece, at most.
    private static let pieceExtents = 1024

    let item: RestoreItem
    /// The new file, under its name for the time being.
    let staged: StagedFile
    /// The file that is replaced, for the chunks that it shares with the new one; nil if there is none.
    let old: ReusableFile?
    private let state: Monitor<State>

    init(item: RestoreItem, staged: StagedFile, old: ReusableFile?, pages: any ChunkSource) {
        self.item = item
        self.staged = staged
        self.old = old
        state = Monitor(State(extents: ExtentReader(item.entry, source: pages)))
    }

    /// Takes the next piece, which must be given back with `finishPiece`; nil when there is none, or one has failed.
    func takePiece() -> Piece? {
        state.withLock { state in
            guard !state.isExhausted, state.failure == nil else { return nil }
            var piece = Piece()
            var dataLength: UInt64 = 0
            do {
                while dataLength < LargeFile.pieceLength, piece.extents.count < LargeFile.pieceExtents {
                    guard let extent = try state.extents.next() else {
                        state.isExhausted = true
                        break
                    }
                    piece.extents.append((extent, state.offset))
                    state.offset += extent.length
                    if !extent.isHole { dataLength += extent.length }
                }
            } catch {
                state.failure = error
                return nil
            }
            if piece.extents.isEmpty { return nil }
            state.outstanding += 1
            return piece
        }
    }

    /// Gives a piece back.
    func finishPiece(_ failure: (any Error)?) {
        state.withLock { state in
            state.outstanding -= 1
            if state.failure == nil { state.failure = failure }
        }
    }

    /// Asked by each thread after its last piece: the one that learns the outcome completes the file; the others get nil.
    func close() -> Result<Void, any Error>? {
        state.withLock { state in
            guard state.outstanding == 0, state.isExhausted || state.failure != nil, !state.isClosed else { return nil }
            state.isClosed = true
            if let failure = state.failure { return .failure(failure) }
            return .success(())
        }
    }
}

/// A new file under its name for the time being.
struct StagedFile: Sendable {
    let file: Descriptor
    let name: [UInt8]
    let directory: Directory
}

/// A file that is about to be replaced, and whose unchanged chunks are used again.
struct ReusableFile: Sendable {
    /// Where the old content is read.
    let file: Descriptor
    let size: UInt64
    /// Whether the new file shares all blocks of the old one, so that what is unchanged is in it already.
    let isCloned: Bool
}

/// Large files of hard-link groups that are being written, with the other names that wait for them.
final class LargeFileGroups: Sendable {
    private let waiting = Monitor<[InodeKey: [RestoreItem]]>([:])

    /// Whether the caller is the one to write the group's file; otherwise the item waits for who does.
    func begin(_ item: RestoreItem, _ key: InodeKey) -> Bool {
        waiting.withLock { waiting in
            guard waiting[key] != nil else {
                waiting[key] = []
                return true
            }
            waiting[key]?.append(item)
            return false
        }
    }

    /// Ends the writing, and returns the items that have waited for it.
    func end(_ key: InodeKey) -> [RestoreItem] { waiting.withLock { $0.removeValue(forKey: key) ?? [] } }
}
