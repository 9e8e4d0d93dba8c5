import Records
import Repository

/// Tells whether chunks can be loaded, by the index, a listing of packs, and what is remembered of damage.
///
/// Only chunks in packs that were found damaged are read.
final class ChunkHealth {
    private let index: LocalIndex
    private let packs: [ObjectHash: UInt64]
    private let damaged: Set<ObjectHash>
    private let reader: ChunkReader
    private var buffer: [UInt8] = []
    private var known: [ChunkID: Bool] = [:]

    init(repository: Repository, index: LocalIndex) throws {
        self.index = index
        packs = try repository.listPacks()
        damaged = repository.damagedPacks.names
        reader = try ChunkReader(repository: repository, index: index)
    }

    /// The plain length of a chunk that can be loaded; nil of one that cannot.
    func length(of id: ChunkID, _ type: ChunkType) throws -> UInt64? {
        let places = try index.locations(of: id).filter {
            $0.entry.type == type && packs[$0.pack] == $0.packByteCount
        }
        guard let first = places.first else { return nil }
        if places.contains(where: { !damaged.contains($0.pack) }) { return UInt64(first.entry.plainLength) }
        if known[id] == nil {
            do {
                _ = try reader.load(id, type: type, into: &buffer)
                known[id] = true
            } catch let error where error.isDamage {
                known[id] = false
            }
        }
        return known[id] == true ? UInt64(first.entry.plainLength) : nil
    }
}
