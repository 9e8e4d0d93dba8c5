import FileSystem
import Records

/// Decides whether a file keeps the entry that it had in the last snapshot.
final class PreviousReuse {
    /// What is to be done with a file.
    enum Decision {
        /// There is nothing to keep: it is new, or has changed.
        case none
        /// The entry stays as it is.
        case keep(PreviousEntry)
        /// It is unchanged, but lies in a bundle that is hardly used any more: it is read and laid anew.
        case layAnew
    }

    private let store: any ChunkStoring
    private let rereadsAll: Bool
    private let thinBundles: Set<ChunkID>
    private var lastChunk: ChunkID?

    init(request: BackupRequest, previous: (any PreviousEntries)?, store: any ChunkStoring) {
        self.store = store
        rereadsAll = request.rereadsAll
        // New extents make a new manifest, which whoever wants no snapshot of the same content would not expect.
        thinBundles = request.skipsIfUnchanged ? [] : previous?.thinBundles() ?? []
    }

    /// Looks a file up among the entries of the last snapshot.
    func decide(
        _ path: [UInt8],
        _ status: FileStatus,
        kind: EntryKind,
        previous: (any PreviousEntries)?
    ) throws -> Decision {
        guard let previous, let known = try previous.unchanged(path, status, kind: kind), !rereadsAll else {
            return .none
        }
        if case .inline(let extents) = known.entry.content {
            guard isThere(extents) else { return .none }
            if !thinBundles.isEmpty, extents.count == 1, case .chunk(let id, offset: _, length: _) = extents[0],
                thinBundles.contains(id)
            {
                return .layAnew
            }
        }
        if case .tree = known.entry.content {
            guard !known.treeChunks.isEmpty, known.treeChunks.allSatisfy(store.isReusable) else { return .none }
        }
        if case .stored(_, let extents, _) = known.entry.attributes, !isThere(extents) { return .none }
        return .keep(known)
    }

    private func isThere(_ extents: [Extent]) -> Bool {
        extents.allSatisfy { extent in
            guard case .chunk(let id, offset: _, length: _) = extent, id != lastChunk else { return true }
            guard store.isReusable(id) else { return false }
            lastChunk = id
            return true
        }
    }
}
