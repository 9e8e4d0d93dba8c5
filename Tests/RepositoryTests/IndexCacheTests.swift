import Cryptography
import FileSystem
import ObjectStorage
import Records
import Repository
import TestSupport
import Testing

/// The index: its cache may be lost, damaged or behind, and fragments may be missing; reading goes on.
@Suite struct IndexCacheTests {
    private struct Place {
        let fixture: RepositoryFixture
        let cache: TemporaryDirectory
        let stored: [Repository.Stored]
        let chunks: [[UInt8]]
        let warnings = Warnings()

        init(runs: Int = 3) throws {
            cache = try TemporaryDirectory()
            fixture = try RepositoryFixture()
            var random = SeededGenerator(seed: 41)
            var stored: [Repository.Stored] = []
            var chunks: [[UInt8]] = []
            for _ in 0..<runs {
                let new = (0..<3).map { _ in random.bytes(1000) }
                stored.append(try fixture.repository.commitChunks(new))
                chunks += new
            }
            self.stored = stored
            self.chunks = chunks
            _ = try open().loadIndex()
        }

        func open(_ store: (any ObjectStore)? = nil) throws -> Repository {
            try fixture.open(
                store,
                environment: RepositoryEnvironment(cache: cache.directory, warn: warnings.add)
            )
        }

        /// The cache's directory of tables.
        func tables() throws -> Directory {
            try cache.directory.openDirectory(Array(fixture.repository.id.hex.utf8)).openDirectory(Array("index".utf8))
        }

        func tableNames() throws -> [[UInt8]] {
            let names = try tables().names()
            return (0..<names.count).map { names[$0] }
        }

        /// Loads everything that was stored, as one process would.
        func loadAll(_ store: (any ObjectStore)? = nil) throws {
            let repository = try open(store)
            let reader = try ChunkReader(repository: repository, index: try repository.loadIndex())
            var buffer: [UInt8] = []
            for (id, chunk) in zip(stored.flatMap(\.chunks), chunks) {
                let count = try reader.load(id, type: .data, into: &buffer)
                #expect(buffer.prefix(count).elementsEqual(chunk))
            }
        }
    }

    @Test func aLostCacheIsMadeAgain() throws {
        let place = try Place()
        let names = try place.tableNames()
        #expect(!names.isEmpty)
        for name in names { try place.tables().unlink(name) }
        try place.loadAll()
        #expect(try !place.tableNames().isEmpty)
        #expect(place.warnings.all.isEmpty)
    }

    @Test("a damaged table costs time, never data", arguments: 0..<8)
    func aDamagedTableIsHarmless(part: Int) throws {
        let place = try Place(runs: 1)
        let name = try #require(try place.tableNames().first)
        let whole = try place.tables().readFile(name, limit: 1 << 24)
        let fanOutEnd = 64 + 65_538 * 4
        var random = SeededGenerator(seed: UInt64(part))
        // Every byte of header, packs, entries and names; of the fan-out those that the chunks' ids select, and some more.
        var positions = Array(0..<64) + Array(fanOutEnd..<whole.count)
        for id in place.stored.flatMap(\.chunks) {
            for byte in 0..<8 { positions.append(64 + Int(id.prefix64 >> 48) * 4 + byte) }
        }
        for _ in 0..<64 { positions.append(64 + Int(random.next() % UInt64(fanOutEnd - 64))) }
        for (number, position) in positions.enumerated() where number % 8 == part {
            var damaged = whole
            damaged[position] ^= 1 << UInt8(random.next() % 8)
            for left in try place.tableNames() { try place.tables().unlink(left) }
            let file = try place.tables().createFile(name)
            try unsafe file.write(damaged.span.bytes)
            try file.close()
            try place.loadAll()
        }
    }

    @Test func aCutOffOrEmptyTableIsMadeAgain() throws {
        let place = try Place(runs: 1)
        let name = try #require(try place.tableNames().first)
        let whole = try place.tables().readFile(name, limit: 1 << 24)
        for count in [0, 1, 63, 64, 1000, whole.count - 1] {
            for left in try place.tableNames() { try place.tables().unlink(left) }
            try place.tables().writeFileAtomically(name, Array(whole.prefix(count)))
            try place.loadAll()
        }
        try place.tables().writeFileAtomically(name, whole + [0])
        try place.loadAll()
        #expect(place.warnings.all.isEmpty)
    }

    @Test func aCacheThatIsBehindLearnsOfNewPacks() throws {
        let place = try Place()
        let new = try place.fixture.repository.commitChunks([[1, 2, 3]])
        #expect(try place.open().loadChunk(new.chunks[0]) == [1, 2, 3])
        try place.loadAll()
    }

    @Test func aCacheOfFragmentsThatAreGoneIsNotBelieved() throws {
        let place = try Place()
        let repository = try place.open()
        #expect(try repository.loadIndex().entryCount > 0)
        for name in try place.fixture.names("index/") { try place.fixture.store.remove(name) }
        #expect(try repository.loadIndex().entryCount == 0)
        try place.loadAll()
    }

    @Test("without some or all index fragments reading works by the packs themselves", arguments: [1, 3])
    func missingFragments(_ count: Int) throws {
        let place = try Place()
        let names = try place.fixture.names("index/")
        #expect(names.count == 3)
        for name in names.prefix(count) { try place.fixture.store.remove(name) }
        try place.loadAll()
        // Another host, without a cache.
        let other = try place.fixture.open()
        for (id, chunk) in zip(place.stored.flatMap(\.chunks), place.chunks) {
            #expect(try other.loadChunk(id) == chunk)
        }
    }

    @Test func aDamagedFragmentIsPassedOverWithAWarning() throws {
        let place = try Place()
        for name in try place.tableNames() { try place.tables().unlink(name) }
        for name in try place.fixture.names("index/") {
            var bytes = try #require(place.fixture.store.contents[name])
            bytes[bytes.count / 2] ^= 1
            place.fixture.store.overwrite(name, with: bytes)
        }
        try place.loadAll()
        #expect(place.warnings.all.count { $0.contains("cannot be used") } >= 3)
    }

    @Test func aForgedListOfListsIsNotBelieved() throws {
        let place = try Place()
        let directory = try place.cache.directory.openDirectory(Array(place.fixture.repository.id.hex.utf8))
        let name = Array("lists".utf8)
        let whole = try directory.readFile(name, limit: 1 << 20)
        for index in stride(from: 0, to: whole.count, by: 5) {
            var damaged = whole
            damaged[index] ^= 1
            try directory.writeFileAtomically(name, damaged)
            let index = try place.open().loadIndex()
            #expect(place.stored.flatMap(\.chunks).allSatisfy { index.isReusable($0) })
        }
    }

    @Test func chunksOfAMissingPackAreStoredAgain() throws {
        let place = try Place(runs: 1)
        for name in try place.fixture.names("packs/") { try place.fixture.store.remove(name) }
        let again = try place.open().commitChunks(Array(place.chunks.prefix(3)))
        #expect(again.chunks == place.stored[0].chunks)
        try place.loadAll()
    }

    @Test func manyTablesAreMergedAndStillFindAll() throws {
        let cache = try TemporaryDirectory()
        let environment = RepositoryEnvironment(cache: cache.directory)
        let fixture = try RepositoryFixture()
        var ids: [ChunkID] = []
        for number in 0..<20 {
            ids += try fixture.open(environment: environment).commitChunks([littleEndian(UInt64(number), 8)]).chunks
        }
        let repository = try fixture.open(environment: environment)
        let index = try repository.loadIndex()
        // Each chunk, and the page that all commits share.
        #expect(index.entryCount == 21)
        for (number, id) in ids.enumerated() {
            #expect(try repository.loadChunk(id) == littleEndian(UInt64(number), 8))
        }
    }
}
