import Chunking
import Cryptography
import FileSystem
import Records
import Testing

@testable import Repository

/// A table of the local cache may be damaged; what it says is not believed beyond the bounds of the format.
@Suite struct DamagedTableTests {
    /// Writes a table of one chunk and changes four bytes of its entry.
    private func table(changing offset: Int, to value: UInt32) throws -> IndexTable {
        let pack = StoredPack(
            name: .zero,
            byteCount: 1000,
            framesOffset: 100,
            type: .data,
            entries: [DirectoryEntry(id: .zero, type: .data, codec: .zstd, plainLength: 5, compressedLength: 4)]
        )
        let file = try Descriptor.anonymousMemory(named: "test")
        defer { try? file.close() }
        try IndexTableWriter.write(packs: [pack], fragments: [], to: file)
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(value)
        let start = IndexTable.headerLength + IndexTable.fanOutLength + IndexTable.packLength
        try unsafe file.write(bytes.span.bytes, at: Int64(start + offset))
        return try #require(IndexTable(map: try MappedFile(file)))
    }

    @Test(
        "Lengths above the bounds are refused before memory is taken for them",
        arguments: [(40, 5, true), (40, (16 << 20) + 1, false), (40, .max, false), (44, (17 << 20) + 1, false)]
            as [(Int, UInt32, Bool)]
    )
    func lengths(offset: Int, value: UInt32, isSound: Bool) throws {
        let table = try table(changing: offset, to: value)
        if isSound {
            #expect(try table.location(at: 0).entry.plainLength == 5)
        } else {
            #expect(throws: RepositoryError.self) { try table.location(at: 0) }
        }
    }
}
