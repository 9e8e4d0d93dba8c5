package import Records
import Threads

extension LocalIndex {
    /// How many frames each table that describes a pack has of it.
    func frameCounts(of pack: ObjectHash) -> [Int] {
        frameCountsByPack.withLock { known in
            let counts: [ObjectHash: [Int]]
            if let known {
                counts = known
            } else {
                counts = countFrames()
                known = counts
            }
            return counts[pack] ?? []
        }
    }

    private func countFrames() -> [ObjectHash: [Int]] {
        var counts: [ObjectHash: [Int]] = [:]
        for table in allTables() {
            var inTable = [Int](repeating: 0, count: table.packCount)
            for position in 0..<table.entryCount {
                let pack = table.pack(at: position)
                if pack < inTable.count { inTable[pack] += 1 }
            }
            for (number, count) in inTable.enumerated() {
                counts[table.packReference(number).name, default: []].append(count)
            }
        }
        return counts
    }

    /// How often the index has exactly this frame.
    func count(of entry: DirectoryEntry, at offset: UInt64, in pack: PackReference) -> Int {
        ((try? locations(of: entry.id)) ?? []).count {
            $0.pack == pack.name && $0.packByteCount == pack.byteCount && $0.offset == offset && $0.entry == entry
        }
    }

    /// The frames of a pack as the index has them, in order; slow, for packs whose directory is damaged.
    func frames(of pack: ObjectHash) -> [(offset: UInt64, entry: DirectoryEntry)] {
        var frames: [UInt64: DirectoryEntry] = [:]
        for table in allTables() {
            let numbers = (0..<table.packCount).filter { table.packReference($0).name == pack }
            guard let number = numbers.first else { continue }
            for position in 0..<table.entryCount where table.pack(at: position) == number {
                guard let location = try? table.location(at: position) else { continue }
                frames[location.offset] = location.entry
            }
        }
        return frames.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

extension LocalIndex {
    /// Hands on the chunks that the index knows, in order of their ids within each of its tables; one that lies in several
    /// packs may come several times.
    package func forEachChunk(_ body: (_ id: ChunkID, _ isData: Bool) throws -> Void) throws {
        for table in allTables() {
            var last: ChunkID?
            for position in 0..<table.entryCount {
                let id = table.id(at: position)
                if id == last { continue }
                last = id
                try body(id, try table.location(at: position).entry.type == .data)
            }
        }
    }
}
