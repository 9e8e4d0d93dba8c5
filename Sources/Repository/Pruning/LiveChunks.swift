package import Records

/// The chunks that snapshots need: one bit for each chunk that an index describes, whatever their number.
package final class LiveChunks {
    /// What became of a chunk that was added.
    package enum Insertion: Sendable, Hashable {
        /// It is new.
        case added
        /// It was there.
        case known
        /// The index does not describe it.
        case absent
    }

    /// The tables, in the order in which they are asked.
    let tables: [IndexTable]
    private var marks: [[UInt64]]
    /// Pages whose content was followed.
    ///
    /// A mark does not say so: a manifest may claim any id as that of a file's chunk.
    private var entered: [[UInt64]]
    /// Chunks in the set.
    package private(set) var count = 0

    /// No chunk of the index; packs that it takes in later are not seen.
    package init(index: LocalIndex) {
        tables = index.allTables()
        marks = tables.map { [UInt64](repeating: 0, count: ($0.entryCount + 63) / 64) }
        entered = marks
    }

    /// Adds a chunk.
    package func insert(_ id: ChunkID) -> Insertion {
        guard let (table, position) = find(id) else { return .absent }
        return insert(table, position) ? .added : .known
    }

    /// Whether the set has a chunk.
    package func contains(_ id: ChunkID) -> Bool {
        guard let (table, position) = find(id) else { return false }
        return contains(table, position)
    }

    /// Adds a page whose content is followed.
    ///
    /// - Returns: false if the index does not describe it.
    package func enter(_ id: ChunkID) -> Bool {
        guard let (table, position) = find(id) else { return false }
        _ = insert(table, position)
        entered[table][position / 64] |= 1 << UInt64(position % 64)
        return true
    }

    /// Whether the content of a page was followed.
    package func hasEntered(_ id: ChunkID) -> Bool {
        guard let (table, position) = find(id) else { return false }
        return entered[table][position / 64] >> UInt64(position % 64) & 1 == 1
    }

    /// The first place where the tables have a chunk stands for it.
    private func find(_ id: ChunkID) -> (Int, Int)? {
        for (number, table) in tables.enumerated() {
            if let position = table.position(of: id) { return (number, position) }
        }
        return nil
    }

    func contains(_ table: Int, _ position: Int) -> Bool {
        marks[table][position / 64] >> UInt64(position % 64) & 1 == 1
    }

    func insert(_ table: Int, _ position: Int) -> Bool {
        let bit: UInt64 = 1 << UInt64(position % 64)
        guard marks[table][position / 64] & bit == 0 else { return false }
        marks[table][position / 64] |= bit
        count += 1
        return true
    }
}

/// One chunk with all places where it lies.
struct ChunkGroup {
    var id: ChunkID
    /// Where the bit of the chunk is: table and position.
    var mark: (table: Int, position: Int)
    /// The places, each once.
    var places: [ChunkLocation]
}

extension LiveChunks {
    /// Lends all chunks that the tables describe, in order of their ids, each once.
    ///
    /// Memory does not grow with their number: the tables are merged on the way.
    func forEachGroup(_ body: (ChunkGroup) throws -> Void) throws {
        var positions = [Int](repeating: 0, count: tables.count)
        var heads = tables.map { $0.entryCount > 0 ? $0.id(at: 0) : nil }
        while true {
            var least: ChunkID?
            for case let head? in heads where least.map({ head < $0 }) ?? true { least = head }
            guard let id = least else { return }
            var group: ChunkGroup?
            for (number, table) in tables.enumerated() where heads[number] == id {
                if group == nil { group = ChunkGroup(id: id, mark: (number, positions[number]), places: []) }
                var position = positions[number]
                repeat {
                    let location = try table.location(at: position)
                    if !(group?.places.contains(location) ?? true) { group?.places.append(location) }
                    position += 1
                } while position < table.entryCount && table.id(at: position) == id
                positions[number] = position
                heads[number] = position < table.entryCount ? table.id(at: position) : nil
            }
            if let group { try body(group) }
        }
    }
}

extension LiveChunks {
    /// Adds the bases of deltas that are in the set; a base is no delta itself.
    ///
    /// - Returns: a base that no table describes, if there is one.
    func addBases() throws -> ChunkID? {
        guard tables.contains(where: { $0.baseCount > 0 }) else { return nil }
        var missing: ChunkID?
        try forEachGroup { group in
            guard contains(group.mark.table, group.mark.position) else { return }
            for base in group.places.compactMap(\.entry.base) where insert(base) == .absent { missing = base }
        }
        return missing
    }

    /// The packs of a set that hold a chunk of this one.
    package func packs(of planned: Set<ObjectHash>) throws -> Set<ObjectHash> {
        _ = try addBases()
        var found: Set<ObjectHash> = []
        try forEachGroup { group in
            guard contains(group.mark.table, group.mark.position) else { return }
            for place in group.places where planned.contains(place.pack) { found.insert(place.pack) }
        }
        return found
    }
}
