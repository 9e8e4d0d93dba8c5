import Chunking
import Cryptography
import FileSystem
import Records

/// Writes an `IndexTable` from packs, or merges tables, with memory that does not grow with the number of chunks merged.
struct IndexTableWriter {
    private let file: Descriptor
    private var buffer: [UInt8] = []
    private var position: Int64
    private var fan = [UInt32](repeating: 0, count: IndexTable.fanOut + 2)
    private var entryCount = 0
    private var bases: [UInt8] = []
    private let packCount: Int
    private var lastSlot = -1

    /// Starts a table: writes the packs, leaves room for what stands before them.
    private init(file: Descriptor, packs: [StoredPackShape]) throws {
        self.file = file
        packCount = packs.count
        position = Int64(IndexTable.headerLength + IndexTable.fanOutLength)
        for pack in packs {
            pack.reference.name.append(to: &buffer)
            buffer.appendLittleEndian(pack.reference.byteCount)
            buffer.appendLittleEndian(pack.framesOffset)
            buffer.appendLittleEndian(UInt32(pack.type))
            try flush(above: 1 << 20)
        }
    }

    /// Writes a table of the chunks of `packs`, found in the given fragments.
    static func write(packs: [StoredPack], fragments: [ObjectHash], to file: Descriptor) throws {
        struct Row {
            var id: ChunkID
            var pack: UInt32
            var offset: UInt32
            var frame: UInt32
        }
        var rows: [Row] = []
        for (number, pack) in packs.enumerated() {
            var offset = Int(pack.framesOffset)
            for (frame, entry) in pack.entries.enumerated() {
                rows.append(
                    Row(id: entry.id, pack: UInt32(number), offset: UInt32(offset), frame: UInt32(frame))
                )
                offset += entry.frameLength
            }
        }
        rows.sort { ($0.id, $0.pack) < ($1.id, $1.pack) }
        var writer = try IndexTableWriter(file: file, packs: packs.map(StoredPackShape.init))
        for row in rows {
            try writer.add(
                packs[Int(row.pack)].entries[Int(row.frame)],
                pack: row.pack,
                offset: row.offset
            )
        }
        try writer.finish(fragments: fragments)
    }

    /// Merges tables into one; a chunk that several packs hold keeps all its places.
    static func merge(_ tables: [IndexTable], to file: Descriptor) throws {
        var packs: [StoredPackShape] = []
        var numbers: [[UInt32]] = []
        var known: [ObjectHash: UInt32] = [:]
        for table in tables {
            numbers.append(
                (0..<table.packCount).map { number in
                    let reference = table.packReference(number)
                    if let same = known[reference.name] { return same }
                    let shape = table.packShape(number)
                    packs.append(
                        StoredPackShape(reference: reference, type: shape.type, framesOffset: shape.framesOffset)
                    )
                    known[reference.name] = UInt32(packs.count - 1)
                    return UInt32(packs.count - 1)
                }
            )
        }
        var writer = try IndexTableWriter(file: file, packs: packs)
        var heads = tables.map { $0.entryCount > 0 ? $0.id(at: 0) : nil }
        var positions = [Int](repeating: 0, count: tables.count)
        var previous: (id: ChunkID, pack: UInt32, offset: UInt64)?
        while true {
            var least: Int?
            for index in heads.indices {
                guard let head = heads[index] else { continue }
                if let current = least, let leastHead = heads[current], leastHead <= head { continue }
                least = index
            }
            guard let index = least else { break }
            let table = tables[index]
            let location = try table.location(at: positions[index])
            let pack = numbers[index][table.pack(at: positions[index])]
            let row = (id: location.entry.id, pack: pack, offset: location.offset)
            if previous.map({ $0 != row }) ?? true {
                try writer.add(location.entry, pack: pack, offset: UInt32(location.offset))
            }
            previous = row
            positions[index] += 1
            heads[index] = positions[index] < table.entryCount ? table.id(at: positions[index]) : nil
        }
        try writer.finish(fragments: tables.flatMap { $0.fragments() })
    }

    private mutating func add(_ entry: DirectoryEntry, pack: UInt32, offset: UInt32) throws {
        let slot = Int(entry.id.prefix64 >> 48)
        while lastSlot < slot {
            lastSlot += 1
            fan[lastSlot] = UInt32(entryCount)
        }
        entry.id.append(to: &buffer)
        buffer.appendLittleEndian(pack)
        buffer.appendLittleEndian(offset)
        buffer.appendLittleEndian(entry.plainLength)
        buffer.appendLittleEndian(entry.compressedLength)
        if let base = entry.base {
            base.append(to: &bases)
            buffer.appendLittleEndian(UInt32(bases.count / Digest.byteCount))
        } else {
            buffer.appendLittleEndian(UInt32(0))
        }
        buffer.appendLittleEndian(UInt32(entry.type.rawValue) | UInt32(entry.codec.rawValue) << 8)
        entryCount += 1
        try flush(above: 1 << 20)
    }

    private mutating func finish(fragments: [ObjectHash]) throws {
        while lastSlot < IndexTable.fanOut {
            lastSlot += 1
            fan[lastSlot] = UInt32(entryCount)
        }
        buffer += bases
        for fragment in fragments { fragment.append(to: &buffer) }
        try flush(above: 0)
        var head = IndexTable.magic
        for count in [packCount, entryCount, bases.count / Digest.byteCount, fragments.count] {
            head.appendLittleEndian(UInt64(count))
        }
        head += [UInt8](repeating: 0, count: IndexTable.headerLength - head.count)
        for value in fan { head.appendLittleEndian(value) }
        try unsafe file.write(head.span.bytes, at: 0)
    }

    private mutating func flush(above limit: Int) throws {
        guard buffer.count > limit else { return }
        try unsafe file.write(buffer.span.bytes, at: position)
        position += Int64(buffer.count)
        buffer.removeAll(keepingCapacity: true)
    }
}

/// What a table keeps of a pack.
private struct StoredPackShape {
    var reference: PackReference
    var type: UInt8
    var framesOffset: UInt32

    init(reference: PackReference, type: UInt8, framesOffset: UInt32) {
        self.reference = reference
        self.type = type
        self.framesOffset = framesOffset
    }

    init(_ pack: StoredPack) {
        reference = PackReference(name: pack.name, byteCount: pack.byteCount)
        type = pack.type.rawValue
        framesOffset = pack.framesOffset
    }
}
