import Cryptography
import Records
import Repository

/// Tells whether the chunks that a manifest refers to exist.
struct ChunkPresence {
    /// What is known of a chunk.
    enum Finding {
        /// It is in a pack that exists; its plain length, bytes.
        case present(UInt64)
        /// Every pack that has it, by the index, is missing; or the index does not have it.
        case missing(from: ObjectHash?)
        /// It is in packs that exist and that no snapshot's lists name.
        case unlisted(in: ObjectHash)
        /// It does not come out of the pack.
        case damaged(in: ObjectHash)
    }

    let index: LocalIndex
    /// Packs that exist, with their lengths.
    let packs: [ObjectHash: UInt64]
    /// The packs that lists of snapshots name; nil if these are not to be compared.
    var listed: [ObjectHash: Set<ListedPacks.Origin>]?
    /// Chunks found damaged, no other copy of which is good, with the pack; empty before packs were read.
    var damaged: [ChunkID: ObjectHash] = [:]

    func find(_ id: ChunkID, _ type: ChunkType) throws -> Finding {
        if let pack = damaged[id] { return .damaged(in: pack) }
        let locations = try index.locations(of: id)
        var lost: ObjectHash?
        var unlisted: ObjectHash?
        for location in locations where location.entry.type == type {
            if packs[location.pack] == location.packByteCount {
                guard let listed, listed[location.pack] == nil else {
                    return .present(UInt64(location.entry.plainLength))
                }
                unlisted = location.pack
            } else {
                lost = location.pack
            }
        }
        if let unlisted { return .unlisted(in: unlisted) }
        return .missing(from: lost)
    }
}
