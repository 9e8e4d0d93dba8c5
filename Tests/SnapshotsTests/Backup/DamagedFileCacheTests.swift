import Cryptography
import FileSystem
import Records
import Repository
import TestSupport
import Testing

@testable import Snapshots

/// A file cache whose hash is right and whose records are not.
@Suite struct DamagedFileCacheTests {
    @Test(
        "Lengths that no file can have are refused",
        arguments: [
            // The length of a record, then of the path in one: the greatest that nine bytes hold.
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x61, 3],
            [12, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x61, 3], [3, 0, 0], [2, 0, 9, 9, 9],
        ] as [[UInt8]]
    )
    func lengths(record: [UInt8]) throws {
        let place = try TemporaryDirectory()
        let dataset = try #require(DatasetID([UInt8](repeating: 1, count: 16)))
        var bytes = FileCache.magic + record + [UInt8](repeating: 0, count: 16)
        try unsafe SHA256.hash(bytes.span.bytes).append(to: &bytes)
        try place.directory.writeFileAtomically(FileCache.name(of: dataset), bytes)
        let cache = try #require(FileCacheReader(directory: place.directory, dataset: dataset))
        let status = try place.directory.status()
        #expect(throws: RepositoryError.self) { try cache.unchanged(Array("a".utf8), status, kind: .regular) }
    }

    @Test("Counts of directories and bundles that the file has no room for are refused")
    func counts() throws {
        let place = try TemporaryDirectory()
        let dataset = try #require(DatasetID([UInt8](repeating: 1, count: 16)))
        let counts: [(UInt64, UInt64)] = [(1, 0), (0, 1), (.max, 1), (.max / 24, .max / 32)]
        for (directories, bundles) in counts {
            var bytes = FileCache.magic + [2, 0, 0]
            bytes.appendLittleEndian64(directories)
            bytes.appendLittleEndian64(bundles)
            try unsafe SHA256.hash(bytes.span.bytes).append(to: &bytes)
            try place.directory.writeFileAtomically(FileCache.name(of: dataset), bytes)
            #expect(FileCacheReader(directory: place.directory, dataset: dataset) == nil)
        }
    }
}
