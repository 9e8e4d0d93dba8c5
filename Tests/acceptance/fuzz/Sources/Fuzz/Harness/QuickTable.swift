import Chunking
import Cryptography
import FileSystem
import Records

@testable import Repository

/// Makes index tables of few chunks in a fraction of the time that `IndexTableWriter` takes, most of which goes into the
/// 65,537 first positions: they are filled in runs here.
func quickTable(_ packs: [StoredPack]) throws -> IndexTable {
    struct Row {
        var entry: DirectoryEntry
        var pack: UInt32
        var offset: UInt32
    }
    var rows: [Row] = []
    var body: [UInt8] = []
    for (number, pack) in packs.enumerated() {
        pack.name.append(to: &body)
        body.appendLittleEndian(pack.byteCount)
        body.appendLittleEndian(pack.framesOffset)
        body.appendLittleEndian(UInt32(pack.type.rawValue))
        var offset = Int(pack.framesOffset)
        for entry in pack.entries {
            rows.append(Row(entry: entry, pack: UInt32(number), offset: UInt32(offset)))
            offset += entry.frameLength
        }
    }
    rows.sort { ($0.entry.id, $0.pack) < ($1.entry.id, $1.pack) }
    var fan: [UInt32] = []
    var bases: [UInt8] = []
    for (position, row) in rows.enumerated() {
        let slot = Int(row.entry.id.prefix64 >> 48)
        if fan.count <= slot { fan += [UInt32](repeating: UInt32(position), count: slot + 1 - fan.count) }
        row.entry.id.append(to: &body)
        body.appendLittleEndian(row.pack)
        body.appendLittleEndian(row.offset)
        body.appendLittleEndian(row.entry.plainLength)
        body.appendLittleEndian(row.entry.compressedLength)
        row.entry.base?.append(to: &bases)
        body.appendLittleEndian(UInt32(row.entry.base == nil ? 0 : bases.count / Digest.byteCount))
        body.appendLittleEndian(UInt32(row.entry.type.rawValue) | UInt32(row.entry.codec.rawValue) << 8)
    }
    fan += [UInt32](repeating: UInt32(rows.count), count: IndexTable.fanOut + 2 - fan.count)
    var head = IndexTable.magic
    for count in [packs.count, rows.count, bases.count / Digest.byteCount, 0] { head.appendLittleEndian(UInt64(count)) }
    head += [UInt8](repeating: 0, count: IndexTable.headerLength - head.count)
    head += unsafe fan.withUnsafeBytes { unsafe Array($0) }
    return try mapTable(head + body + bases)
}

/// Takes bytes as a table into use.
func mapTable(_ bytes: [UInt8]) throws -> IndexTable {
    let file = try Descriptor.anonymousMemory(named: "fuzz")
    defer { try? file.close() }
    try unsafe file.write(bytes.span.bytes, at: 0)
    guard let table = IndexTable(map: try MappedFile(file)) else { throw Finding(message: "a table is not whole") }
    return table
}
