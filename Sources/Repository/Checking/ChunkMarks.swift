package import Records

/// A set of chunks that an index describes: one bit for each, whatever their number.
package final class ChunkMarks {
    private let tables: [IndexTable]
    private var marks: [[UInt64]]

    /// No chunk of the index.
    package init(index: LocalIndex) {
        tables = index.allTables()
        marks = tables.map { [UInt64](repeating: 0, count: ($0.entryCount + 63) / 64) }
    }

    /// Adds a chunk.
    ///
    /// - Returns: where it lies, if it is new to the set; one that the index does not describe is never new.
    package func insert(_ id: ChunkID) -> ChunkLocation? {
        for (number, table) in tables.enumerated() {
            guard let position = table.position(of: id) else { continue }
            let bit: UInt64 = 1 << UInt64(position % 64)
            guard marks[number][position / 64] & bit == 0 else { return nil }
            marks[number][position / 64] |= bit
            return try? table.location(at: position)
        }
        return nil
    }
}

extension LocalIndex {
    /// Lends every frame that the index describes, a chunk that several packs hold several times.
    package func forEachLocation(_ body: (ChunkLocation) throws -> Void) rethrows {
        for table in allTables() {
            for position in 0..<table.entryCount {
                if let location = try? table.location(at: position) { try body(location) }
            }
        }
    }
}
