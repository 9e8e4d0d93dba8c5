import Cryptography
import FileSystem
import Foundation
import ObjectStorage
import Records
import Snapshots
import TestSupport
import Testing

@testable import Repository

/// Checks of a repository in a real directory, and of one whose history is not what this host has seen.
@Suite struct CheckStoreTests {
    private func local(_ fixture: CheckFixture, _ place: TemporaryDirectory) throws -> LocalObjectStore {
        let store = try LocalObjectStore.create(at: place.path("repository"))
        for (name, bytes) in fixture.store.contents { try store.put(name, bytes) }
        return store
    }

    private func fixture() throws -> CheckFixture {
        let fixture = try CheckFixture()
        try fixture.write("file", [UInt8](repeating: 3, count: 200_000))
        try fixture.backUp()
        try fixture.write("file", [UInt8](repeating: 4, count: 200_000))
        try fixture.backUp()
        return fixture
    }

    @Test func aLocalRepositoryIsCheckedAsAnyOther() throws {
        let place = try TemporaryDirectory()
        let fixture = try fixture()
        let store = try local(fixture, place)
        let good = try fixture.check(store, .all, state: place.directory)
        #expect(good.problems.isEmpty)
        #expect(good.summary.packsRead == good.summary.packs)
        #expect(try fixture.checkWithoutKeys(store, .all).problems.isEmpty)
        // A byte on the disk changes.
        let pack = try #require(try fixture.names("packs/").first)
        let middle = try store.byteCount(of: pack) / 2
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: place.path("repository/" + pack.path)))
        try handle.seek(toOffset: middle)
        let byte = try #require(try handle.read(upToCount: 1)?.first)
        try handle.seek(toOffset: middle)
        try handle.write(contentsOf: Data([byte ^ 1]))
        try handle.close()
        let bad = try fixture.check(LocalObjectStore.open(at: place.path("repository")), .all)
        #expect(bad.kinds(.error).contains(.packDamaged))
    }

    @Test func aCheckDoesNotBelieveTheLocalCache() throws {
        let cache = try TemporaryDirectory()
        let fixture = try fixture()
        let repository = try fixture.open(environment: RepositoryEnvironment(cache: cache.directory))
        _ = try repository.loadIndex()
        let tables = try cache.directory.openDirectory(Array(repository.id.hex.utf8)).openDirectory(Array("index".utf8))
        func contents() throws -> [[UInt8]: [UInt8]] {
            let names = try tables.names()
            var contents: [[UInt8]: [UInt8]] = [:]
            for index in 0..<names.count { contents[names[index]] = try tables.readFile(names[index], limit: 1 << 24) }
            return contents
        }
        // All entries of all tables are wrong.
        for (name, bytes) in try contents() {
            var damaged = bytes
            for index in (64 + 65_538 * 4)..<damaged.count { damaged[index] ^= 0x55 }
            try tables.writeFileAtomically(name, damaged)
        }
        let before = try contents()
        #expect(!before.isEmpty)
        let found = try CheckFixture.check(repository, .all)
        #expect(found.problems.isEmpty)
        #expect(found.summary.chunksRead > 0)
        // Nor does it leave anything there.
        #expect(try contents() == before)
    }

    @Test("Row 4: a check tells of commits that are withheld, with and without memory") func row4Withheld() throws {
        let state = try TemporaryDirectory()
        let fixture = try fixture()
        #expect(try fixture.check(nil, state: state.directory).problems.isEmpty)
        let old = fixture.store.copy()
        let newest = try #require(try CommitLog.load(try fixture.open()).commits.last)
        let name = try ObjectName(
            ObjectNames.commit(
                member: newest.commit.signer,
                incarnation: newest.commit.incarnation,
                number: newest.commit.number,
                hash: newest.id
            )
        )
        old.overwrite(name, with: nil)
        #expect(try fixture.check(old, state: state.directory).kinds(.error) == [.history])
        #expect(try fixture.check(old).errors.isEmpty)
    }

    @Test("Row 5: a check tells of forged commits, with and without keys") func row5Forged() throws {
        let fixture = try fixture()
        var commit = try #require(try CommitLog.load(try fixture.open()).commits.last).commit
        let key = try SigningKey.generate()
        commit.signer = try MemberID(of: key.publicKey)
        commit.incarnation = try Incarnation.random()
        commit.number = 1
        commit.previous = nil
        for index in commit.addedPackLists.indices { commit.addedPackLists[index].member = commit.signer }
        let object = try SignedRecord.sign(commit, with: key)
        let id = try unsafe SHA256.hash(object.span.bytes)
        let name = ObjectNames.commit(member: commit.signer, incarnation: commit.incarnation, number: 1, hash: id)
        try fixture.store.put(ObjectName(name), object)
        #expect(try fixture.check().kinds(.error) == [.history])
        #expect(try fixture.checkWithoutKeys().kinds(.error) == [.history])
        #expect(try !SnapshotList.load(try fixture.open()).snapshots.contains { $0.id == id })
    }

    @Test func slotsAreComparedWithThePolicy() throws {
        let fixture = try fixture()
        let repository = try fixture.open()
        let secret = SecretHolder(try Secret.random(count: 32))
        let slot = try repository.addSlot(NewSlot(.secret(secret, .recoveryWords), label: "second"))
        let name = try ObjectName(ObjectNames.slot(slot))
        let object = try #require(fixture.store.contents[name])
        #expect(try fixture.check().problems.isEmpty)
        fixture.store.overwrite(name, with: nil)
        let missing = try fixture.check()
        #expect(missing.kinds(.error) == [.slot])
        #expect(missing.errors.first?.object == name.path)
        fixture.store.overwrite(name, with: object)
        try repository.removeSlot(slot)
        fixture.store.overwrite(name, with: object)
        let extra = try fixture.check()
        #expect(extra.errors.isEmpty)
        #expect(extra.kinds(.warning) == [.slot])
    }

    @Test func aWriterKeyChecksWhatItMay() throws {
        let fixture = try fixture()
        // A key that can neither read data nor manifests: the reader and manager keys are missing from its ring.
        let owner = try fixture.open()
        let domain = try owner.defaultDomain()
        let keyring = try Keyring(
            repository: owner.id,
            rootOwner: owner.keyring.rootOwner,
            role: .writer,
            signingKey: SigningKey(seed: owner.keyring.signingKey.seed()),
            repositorySecret: nil,
            privateKeys: [],
            derivedKeys: [try owner.keys(domain: domain.id, epoch: domain.epoch)]
        )
        let writer = Repository(
            store: fixture.store,
            keyring: keyring,
            slot: nil,
            policies: owner.policies,
            environment: RepositoryEnvironment()
        )
        let found = try CheckFixture.check(writer, .all)
        #expect(found.errors.isEmpty)
        #expect(found.kinds(.warning) == [.manifest, .packDamaged])
        #expect(found.summary.packsRead == found.summary.packs)
        #expect(found.summary.chunksRead == 0)
    }

    @Test func withoutKeysAMissingRepositoryIsNoDamage() throws {
        let error = #expect(throws: RepositoryError.self) {
            try KeylessCheck.run(store: MemoryObjectStore(), observer: CheckRecorder())
        }
        #expect(error?.code == .noRepository)
    }
}
