import Chunking
import Cryptography
import FileSystem
import Records
import Threads

/// A regular file whose content has to be read.
struct FileToRead {
    /// The directory that the file is in.
    var directory: Directory
    /// The file's name there.
    var name: [UInt8]
    /// What the walk saw.
    var status: FileStatus
    /// Whether its size says nothing, so that it is read until it ends.
    var hidesSize = false
}

/// One step of the walk, on its way to the manifest.
struct BatchItem {
    enum Work {
        /// The entry is complete.
        case done
        /// The content has to be read and cut.
        case read(FileToRead)
        /// A further name of an inode whose first name stands earlier in the walk.
        case linked
        /// The entry could not be saved and is left out.
        case failed
        /// The innermost open directory ends.
        case endDirectory
    }

    var entry: Entry
    var work: Work
    /// What the file looked like, if the entry may be recognised as unchanged next time.
    var stat: StatRecord?
    /// Where the content lies among the batch's places.
    var placement = Placement.none
    /// Chunks of an unchanged file's extent tree, so that they need not be read to be known.
    var treeChunks: [ChunkID] = []
    /// Whether it is new, changed or as it was; nothing for directory ends.
    var change: ItemChange?

    enum Placement {
        case none
        case bundled(place: Int, offset: UInt64, length: UInt64)
        case pieces(Range<Int>)
        /// All places of a batch that holds one large file, taken as they come.
        case stream
    }
}

/// A run of walk steps that is read by one reader and lands in the manifest in order.
///
/// A batch belongs to one thread at a time: the walk fills it, a reader completes it, the manifest thread consumes it.
/// What workers report about its chunks goes through the monitor.
final class EntryBatch: @unchecked Sendable {
    /// One chunk of the batch's content, in order.
    struct Piece {
        var id: ChunkID
        var byteCount: Int
    }

    private struct State {
        var isRead = false
        var pieceCount = 0
        var pieces: [Int: PieceOrHole] = [:]
    }

    /// What a place holds.
    enum PieceOrHole {
        case piece(Piece)
        case hole(UInt64)
        /// The file changed while it was read: what came before does not count.
        case restart
    }

    var items: [BatchItem] = []
    private let state = Monitor(State())

    /// Says that a reader has nothing to do here.
    func markRead() { state.change { $0.isRead = true } }

    /// Takes the next place among the batch's pieces; readers only.
    func addPlace() -> Int {
        state.withLock { state in
            defer { state.pieceCount += 1 }
            return state.pieceCount
        }
    }

    /// Fills a place.
    func fill(_ place: Int, _ piece: PieceOrHole) {
        state.change { $0.pieces[place] = piece }
    }

    /// Waits until the batch was read and every place is filled, or the run failed.
    ///
    /// - Returns: `nil` if the run failed.
    func waitForAll(failed: () -> Bool) -> [Int: PieceOrHole]? {
        while true {
            let pieces = state.wait(seconds: 0.5) { state -> [Int: PieceOrHole]? in
                state.isRead && state.pieces.count == state.pieceCount ? state.pieces : nil
            }
            if let pieces { return pieces }
            if failed() { return nil }
        }
    }

    /// Waits for one place, and takes it out so that memory does not grow with the file.
    ///
    /// - Returns: the piece, or `nil` when the batch has no such place; `failed` tells the third case.
    func take(_ place: Int, failed: () -> Bool) -> PieceOrHole? {
        while true {
            let found = state.wait(seconds: 0.5) { state -> PieceOrHole?? in
                if let piece = state.pieces.removeValue(forKey: place) { return .some(piece) }
                return state.isRead && place >= state.pieceCount ? .some(nil) : nil
            }
            if let found { return found }
            if failed() { return nil }
        }
    }
}
