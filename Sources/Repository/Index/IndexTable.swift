import Chunking
import Cryptography
package import FileSystem
package import Records

/// Where a chunk lies.
package struct ChunkLocation: Sendable, Hashable {
    /// The pack's name.
    package var pack: ObjectHash
    /// The pack's length, bytes.
    package var packByteCount: UInt64
    /// Where the frame begins in the pack.
    package var offset: UInt64
    /// The frame as the directory describes it.
    package var entry: DirectoryEntry
}

/// A sorted, fixed-width table of chunks in the local cache, memory-mapped: look-ups touch two or three pages, and ten
/// million chunks cost no anonymous memory.
///
/// Layout, little-endian, all of it derivable from index fragments: header (64 bytes) ‖ 65,537 first positions by the
/// leading 16 bits of the id (u32 each, padded to 8) ‖ packs (48 bytes each) ‖ entries (56 bytes each, by id) ‖ base
/// ids (32 each) ‖ names of the fragments that the table covers (32 each).
package final class IndexTable: Sendable {
    static let magic: [UInt8] = Array("HFSTABL1".utf8)
    static let headerLength = 64
    static let fanOut = 1 << 16
    static let fanOutLength = (fanOut + 2) * 4
    static let packLength = 48
    static let entryLength = 56
    /// How far a guessed position is off at most, nearly always: the deviation of 150 ids in a slot is six.
    static let guessReach = 16

    private let map: MappedFile
    /// Packs described, by position.
    package let packCount: Int
    /// Chunks described.
    package let entryCount: Int
    let baseCount: Int
    let fragmentCount: Int

    private var packsStart: Int { IndexTable.headerLength + IndexTable.fanOutLength }
    private var entriesStart: Int { packsStart + packCount * IndexTable.packLength }
    private var basesStart: Int { entriesStart + entryCount * IndexTable.entryLength }
    private var fragmentsStart: Int { basesStart + baseCount * Digest.byteCount }

    /// Maps a table.
    ///
    /// - Returns: `nil` if the file is not a whole table; the caller then makes it anew.
    package init?(map: MappedFile) {
        guard map.count >= IndexTable.headerLength + IndexTable.fanOutLength else { return nil }
        let counts = map.withBytes { bytes -> [UInt64]? in
            guard bytes.extracting(0..<8).copyBytes() == IndexTable.magic else { return nil }
            return (1...4).map { bytes.littleEndian64(at: $0 * 8) }
        }
        guard let counts, counts.allSatisfy({ $0 < 1 << 31 }) else { return nil }
        self.map = map
        packCount = Int(counts[0])
        entryCount = Int(counts[1])
        baseCount = Int(counts[2])
        fragmentCount = Int(counts[3])
        guard map.count == fragmentsStart + fragmentCount * Digest.byteCount else { return nil }
    }

    /// The position of the first entry of a chunk, or `nil`.
    package func position(of id: ChunkID) -> Int? {
        map.withBytes { bytes in
            let slot = Int(id.prefix64 >> 48)
            var low = Int(bytes.littleEndian32(at: IndexTable.headerLength + slot * 4))
            let end = Int(bytes.littleEndian32(at: IndexTable.headerLength + (slot + 1) * 4))
            guard low <= end, end <= entryCount else { return nil }
            var high = end
            // Ids are spread evenly: their further bits tell about where in the slot they stand.
            let guess = low + Int(UInt64(end - low).multipliedFullWidth(by: id.prefix64 << 16).high)
            if guess < end {
                let reach = IndexTable.guessReach
                if self.id(bytes, guess) < id {
                    low = guess + 1
                    let bound = min(end - 1, guess + reach)
                    if bound > low, self.id(bytes, bound) >= id { high = bound }
                } else {
                    high = guess
                    let bound = max(low, guess - reach)
                    if bound < high, self.id(bytes, bound) < id { low = bound + 1 }
                }
            }
            while low < high {
                let middle = (low + high) / 2
                if self.id(bytes, middle) < id { low = middle + 1 } else { high = middle }
            }
            return low < end && self.id(bytes, low) == id ? low : nil
        }
    }

    /// The id of the entry at a position.
    package func id(at position: Int) -> ChunkID { map.withBytes { id($0, position) } }

    /// The number of the pack that the entry at a position lies in.
    package func pack(at position: Int) -> Int {
        map.withBytes { Int($0.littleEndian32(at: entriesStart + position * IndexTable.entryLength + 32)) }
    }

    /// All of the entry at a position.
    ///
    /// - Throws: `RepositoryError.integrity` if the table is damaged; deleting the cache mends that.
    package func location(at position: Int) throws -> ChunkLocation {
        let location = map.withBytes { bytes -> ChunkLocation? in
            let start = entriesStart + position * IndexTable.entryLength
            let number = Int(bytes.littleEndian32(at: start + 32))
            let base = Int(bytes.littleEndian32(at: start + 48))
            let kinds = bytes.littleEndian32(at: start + 52)
            guard number < packCount, base <= baseCount, let type = ChunkType(rawValue: UInt8(kinds & 0xff)),
                let codec = Codec(rawValue: UInt8(kinds >> 8 & 0xff)),
                bytes.littleEndian32(at: start + 40) <= FormatBounds.plainChunk,
                bytes.littleEndian32(at: start + 44) <= FormatBounds.compressedChunk
            else { return nil }
            let pack = packReference(bytes, number)
            return ChunkLocation(
                pack: pack.name,
                packByteCount: pack.byteCount,
                offset: UInt64(bytes.littleEndian32(at: start + 36)),
                entry: DirectoryEntry(
                    id: id(bytes, position),
                    type: type,
                    codec: codec,
                    plainLength: bytes.littleEndian32(at: start + 40),
                    compressedLength: bytes.littleEndian32(at: start + 44),
                    base: base == 0 ? nil : Digest(in: bytes, at: basesStart + (base - 1) * Digest.byteCount)
                )
            )
        }
        guard let location else {
            throw RepositoryError(.integrity, "the local cache is damaged; delete it (holdfast cache --clear)")
        }
        return location
    }

    /// A pack by its number.
    package func packReference(_ number: Int) -> PackReference { map.withBytes { packReference($0, number) } }

    /// What the chunks of a pack are, and where its frames begin.
    package func packShape(_ number: Int) -> (type: UInt8, framesOffset: UInt32) {
        map.withBytes { bytes in
            let start = packsStart + number * IndexTable.packLength
            return (UInt8(bytes.littleEndian32(at: start + 44) & 0xff), bytes.littleEndian32(at: start + 40))
        }
    }

    /// The names of the fragments that the table covers.
    package func fragments() -> [ObjectHash] {
        map.withBytes { bytes in
            (0..<fragmentCount).compactMap { Digest(in: bytes, at: fragmentsStart + $0 * Digest.byteCount) }
        }
    }

    private func id(_ bytes: RawSpan, _ position: Int) -> ChunkID {
        Digest(in: bytes, at: entriesStart + position * IndexTable.entryLength) ?? .zero
    }

    private func packReference(_ bytes: RawSpan, _ number: Int) -> PackReference {
        let start = packsStart + number * IndexTable.packLength
        return PackReference(
            name: Digest(in: bytes, at: start) ?? .zero,
            byteCount: bytes.littleEndian64(at: start + 32)
        )
    }
}
