import Cryptography
package import Records

/// How much of a pack snapshots need.
package struct PackUsage: Sendable, Hashable {
    /// The pack.
    package var pack: PackReference
    /// What its chunks are.
    package var type: PackType
    /// Bytes of frames that are needed.
    package var liveBytes: UInt64 = 0
    /// Bytes of frames that nothing needs, or of which another copy stays.
    package var deadBytes: UInt64 = 0
    /// Frames that are needed.
    package var liveCount = 0

    /// A pack of which nothing is known to be needed yet.
    package init(pack: PackReference, type: PackType) {
        self.pack = pack
        self.type = type
    }

    /// The part of its frames that is needed, 0 to 1.
    var liveFraction: Double { liveBytes == 0 ? 0 : Double(liveBytes) / Double(liveBytes + deadBytes) }
}

/// Counts what is needed of each pack, and chooses among several copies of a chunk.
///
/// Of several copies one goes only if another was decrypted in this run and is what its id says: what a writer's
/// directory claims proves nothing. The copy that stays is no delta, since the chunk may be the base of others.
package struct PackSurvey {
    /// A needed chunk that no pack holds.
    package struct Missing: Sendable {
        /// One of them.
        package var example: ChunkID
        /// How many there are.
        package var count: Int
    }

    /// Copies that are chosen among at most; those of further chunks all stay until the next prune.
    private static let mostChoices = 200_000

    /// The packs, in no order.
    package private(set) var packs: [PackUsage] = []
    /// Needed chunks that no pack holds.
    package private(set) var missing: Missing?
    /// Packs that lost needed chunks to a verified copy elsewhere, with the packs that hold those.
    package private(set) var stands: [ObjectHash: Set<ObjectHash>] = [:]
    private var numbers: [ObjectHash: Int] = [:]
    /// Of chunks whose other copies may go: the pack that holds the one that stays.
    private var survivors: [ChunkID: ObjectHash] = [:]
    private var duplicates = 0

    /// Surveys the packs that an index describes.
    ///
    /// - Parameters:
    ///   - live: what is needed; the bases of needed deltas are added.
    ///   - present: the packs that exist and stay: without those that a plan carried out deletes.
    ///   - mayStay: whether a pack may hold the copy that stays.
    ///   - verify: whether a copy comes out of its pack as its id says; nil if this key cannot tell.
    package init(
        _ live: LiveChunks,
        present: [ObjectHash: UInt64],
        mayStay: (ObjectHash) -> Bool,
        verify: (ChunkLocation) throws -> Bool?
    ) throws {
        if let base = try live.addBases() { missing = Missing(example: base, count: 1) }
        try live.forEachGroup { group in
            let places = group.places.filter { present[$0.pack] == $0.packByteCount }
            let isLive = live.contains(group.mark.table, group.mark.position)
            if isLive, places.isEmpty {
                missing = Missing(example: missing?.example ?? group.id, count: (missing?.count ?? 0) + 1)
            }
            if isLive, places.contains(where: { $0.pack != places[0].pack }) { duplicates += 1 }
            for place in places { count(place, isLive: isLive) }
        }
        if duplicates > 0, missing == nil { try chooseCopies(live, present, mayStay, verify) }
        // Not needed any more, and tens of megabytes where packs are many.
        numbers = [:]
    }

    /// Whether a frame of a pack is needed there.
    package func isNeeded(_ id: ChunkID, in pack: ObjectHash, live: LiveChunks) -> Bool {
        live.contains(id) && (survivors[id].map { $0 == pack } ?? true)
    }

    private mutating func count(_ place: ChunkLocation, isLive: Bool) {
        let number: Int
        if let known = numbers[place.pack] {
            number = known
        } else {
            number = packs.count
            numbers[place.pack] = number
            packs.append(
                PackUsage(
                    pack: PackReference(name: place.pack, byteCount: place.packByteCount),
                    type: place.entry.type.packType
                )
            )
        }
        let bytes = UInt64(place.entry.frameLength)
        if isLive {
            packs[number].liveBytes += bytes
            packs[number].liveCount += 1
        } else {
            packs[number].deadBytes += bytes
        }
    }

    private mutating func chooseCopies(
        _ live: LiveChunks,
        _ present: [ObjectHash: UInt64],
        _ mayStay: (ObjectHash) -> Bool,
        _ verify: (ChunkLocation) throws -> Bool?
    ) throws {
        // By what was counted with all copies: a pack that is all needed is the better place.
        let fractions = packs.map(\.liveFraction)
        try live.forEachGroup { group in
            guard live.contains(group.mark.table, group.mark.position), survivors.count < PackSurvey.mostChoices else {
                return
            }
            let places = group.places.filter { present[$0.pack] == $0.packByteCount }
            guard places.contains(where: { $0.pack != places[0].pack }) else { return }
            func rank(_ place: ChunkLocation) -> (Double, ObjectHash) {
                (-(numbers[place.pack].map { fractions[$0] } ?? 0), place.pack)
            }
            let candidates = places.filter { $0.entry.base == nil && mayStay($0.pack) }.sorted { rank($0) < rank($1) }
            for candidate in candidates {
                guard let isGood = try verify(candidate) else { return }
                guard isGood else { continue }
                survivors[group.id] = candidate.pack
                for place in places where place.pack != candidate.pack { drop(place, for: candidate.pack) }
                return
            }
        }
    }

    private mutating func drop(_ place: ChunkLocation, for survivor: ObjectHash) {
        guard let number = numbers[place.pack] else { return }
        let bytes = UInt64(place.entry.frameLength)
        packs[number].liveBytes -= bytes
        packs[number].liveCount -= 1
        packs[number].deadBytes += bytes
        stands[place.pack, default: []].insert(survivor)
    }
}
