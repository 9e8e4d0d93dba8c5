import Cryptography
import ObjectStorage
import Records
import Repository
import TestSupport
import Testing

/// Making repositories, also when it is cut short.
@Suite struct CreationTests {
    @Test(arguments: CipherSuite.allCases)
    func aRepositoryOpensStoresAndReads(_ suite: CipherSuite) throws {
        let fixture = try RepositoryFixture(suite: suite)
        let stored = try fixture.repository.commitChunks([[1, 2, 3], [UInt8](repeating: 7, count: 200_000)])
        let opened = try fixture.open()
        #expect(opened.suite == suite)
        #expect(try opened.loadChunk(stored.chunks[0]) == [1, 2, 3])
        #expect(try opened.loadChunk(stored.chunks[1]) == [UInt8](repeating: 7, count: 200_000))
        let log = try CommitLog.load(opened)
        #expect(log.problems.isEmpty)
        #expect(log.commits.map(\.id) == [stored.snapshot])
        #expect(try opened.details(of: log.commits[0].commit).dataset == "test")
    }

    @Test func aSecondCreationIsRefused() throws {
        let fixture = try RepositoryFixture()
        let before = fixture.store.contents
        let error = #expect(throws: RepositoryError.self) { try RepositoryFixture(store: fixture.store) }
        #expect(error?.code == .alreadyExists)
        #expect(fixture.store.contents == before)
    }

    @Test("an interrupted creation is no repository, and does not keep the next one from succeeding", arguments: 0..<3)
    func interruptedCreation(writes: Int) throws {
        let base = MemoryObjectStore()
        let secret = SecretHolder(try Secret.random(count: 32))
        func create(_ store: any ObjectStore) throws -> Repository {
            try Repository.create(
                store: store,
                slot: NewSlot(.secret(secret, .recoveryWords), label: "test"),
                suite: .aes256GCM,
                ownerName: "owner",
                domainName: "default",
                environment: RepositoryEnvironment()
            )
        }
        func open() throws -> Repository {
            try Repository.open(store: base, credential: .recovery(secret), environment: RepositoryEnvironment())
        }
        let dying = FaultyStore(base, stopAfterWrites: writes)
        #expect(throws: StorageError.self) { try create(dying) }
        let error = #expect(throws: RepositoryError.self) { try open() }
        #expect(error?.code == .noRepository)
        _ = try create(base)
        // What the first attempt left is gone.
        #expect(base.contents.keys.count { $0.path.hasPrefix("keys/") } == 1)
        _ = try open()
    }

    @Test func aRepositoryWhoseHeaderIsLostIsNotTakenForAnEmptyPlace() throws {
        let fixture = try RepositoryFixture()
        try fixture.repository.commitChunks([[1, 2, 3]])
        try fixture.store.remove(ObjectName("format"))
        let before = fixture.store.contents
        let error = #expect(throws: RepositoryError.self) { try RepositoryFixture(store: fixture.store) }
        #expect(error?.code == .integrity)
        #expect(fixture.store.contents == before)
    }

    @Test func aNewerFormatIsRefusedByItsNumber() throws {
        let fixture = try RepositoryFixture()
        let name = try ObjectName("format")
        var header = try FormatHeader(object: try #require(fixture.store.contents[name]))
        header.version = 2
        fixture.store.overwrite(name, with: try header.encodedObject())
        let error = #expect(throws: RepositoryError.self) { try fixture.open() }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("version 2") ?? false)
    }

    @Test func aHeaderThatNamesAnotherPolicyIsRefused() throws {
        let fixture = try RepositoryFixture()
        let name = try ObjectName("format")
        var header = try FormatHeader(object: try #require(fixture.store.contents[name]))
        header.rootPolicy = Digest([UInt8](repeating: 1, count: 32)) ?? .zero
        fixture.store.overwrite(name, with: try header.encodedObject())
        let error = #expect(throws: RepositoryError.self) { try fixture.open() }
        #expect(error?.code == .integrity)
    }
}
