import Chunking
import Cryptography
import ObjectStorage
import Records
import TestSupport
import Testing

@testable import Repository

/// Row 6 of the attack table: a writer that publishes what is not what it says.
@Suite struct PoisonTests {
    private let next: [UInt8] = Array("what A is going to store next".utf8)

    /// A fixture with two writers.
    private func twoWriters() throws -> (fixture: RepositoryFixture, a: TestMember, b: TestMember) {
        let fixture = try RepositoryFixture()
        return (fixture, try fixture.addMember(.writer, name: "a"), try fixture.addMember(.writer, name: "b"))
    }

    /// Publishes a fragment and a signed list that describe packs, as a writer's run would.
    private func publish(_ packs: [StoredPack], as writer: Repository) throws {
        let domain = try writer.defaultDomain()
        let keys = try writer.keys(domain: domain.id, epoch: domain.epoch)
        let fragment = try IndexFragment.seal(packs, keys: keys, repository: writer.id, suite: writer.suite)
        let name = try unsafe SHA256.hash(fragment.span.bytes)
        try writer.store.put(ObjectName(ObjectNames.index(name)), fragment)
        let run = try RunID.random()
        let list = PackList(
            repository: writer.id,
            signer: writer.keyring.member,
            domain: domain.id,
            epoch: domain.epoch,
            run: run,
            number: 0,
            kind: .added,
            packs: packs.map { PackReference(name: $0.name, byteCount: $0.byteCount) }.sorted { $0.name < $1.name },
            fragments: [PackReference(name: name, byteCount: UInt64(fragment.count))]
        )
        try writer.store.put(
            ObjectName(ObjectNames.packList(member: writer.keyring.member, run: run, number: 0)),
            SignedRecord.sign(list, with: writer.keyring.signingKey)
        )
    }

    /// Publishes a pack that claims to hold A's next chunk and holds something else.
    private func poison(_ writer: Repository) throws -> PackReference {
        let forged = ForgedPack(repository: writer)
        let noise = [UInt8](repeating: 0x66, count: next.count)
        let frame = ForgedPack.Frame(
            id: try forged.id(next),
            codec: 0,
            plainLength: UInt32(next.count),
            bytes: noise
        )
        let pack = try forged.put([frame])
        try publish([writer.readPackDirectory(pack)], as: writer)
        return pack
    }

    @Test("Row 6: A stores its chunk again, whatever B has published, and a reader names B")
    func row6APoisonedPack() throws {
        let (fixture, a, b) = try twoWriters()
        let bad = try poison(try b.open())
        // The poisoned copy is what a reader finds first.
        let warnings = Warnings()
        let reader = try fixture.open(environment: RepositoryEnvironment(warn: warnings.add))
        let index = try reader.loadIndex()
        let packs = try fixture.names("packs/").count
        let stored = try a.open().commitChunks([next])
        #expect(try fixture.names("packs/").count == packs + 2)
        index.addForReading(from: try reader.loadIndex())
        #expect(try index.locations(of: stored.chunks[0]).first?.pack == bad.name)
        var buffer: [UInt8] = []
        let chunks = try ChunkReader(repository: reader, index: index)
        let count = try chunks.load(stored.chunks[0], type: .data, into: &buffer)
        #expect(Array(buffer.prefix(count)) == next)
        #expect(warnings.all.contains { $0.contains("\"b\"") && $0.contains(b.member.id.hex) })
        // A check of the pack names B as well.
        let verifier = try PackVerifier(repository: reader, index: try reader.loadIndexAnew { _, _ in })
        let result = try verifier.verify(bad)
        #expect(result.attestable == nil)
        #expect(result.problems.contains { $0.message.contains("\"b\"") })
        // Night after night A refers to its own copy.
        try a.open().commitChunks([next])
        #expect(try fixture.names("packs/").count == packs + 2)
    }

    @Test("Row 6: a false fragment about true packs is no better")
    func row6AFalseFragment() throws {
        let (fixture, a, b) = try twoWriters()
        let writer = try b.open()
        try writer.commitChunks([Array("something of B".utf8)])
        let forged = ForgedPack(repository: writer)
        for name in try fixture.names("packs/") {
            guard case .pack(let hash)? = ObjectNames.parse(name.path) else { continue }
            let reference = PackReference(name: hash, byteCount: try fixture.store.byteCount(of: name))
            var pack = try writer.readPackDirectory(reference)
            guard pack.type == .data else { continue }
            pack.entries[0].id = try forged.id(next)
            try publish([pack], as: writer)
        }
        let stored = try a.open().commitChunks([next])
        #expect(try fixture.open().loadChunk(stored.chunks[0]) == next)
        let commit = try #require(try CommitLog.load(try fixture.open()).commits.last)
        #expect(commit.commit.referredPackLists.isEmpty)
    }

    @Test("Row 6: only owners and managers vouch for others' packs, and B not for its own")
    func row6WhoseWordCounts() throws {
        let (fixture, a, b) = try twoWriters()
        let reader = try fixture.addMember(.reader, name: "r")
        let bad = try poison(try b.open())
        for member in [b, reader] {
            let repository = try member.open()
            let domain = try repository.defaultDomain()
            #expect(try repository.attest([AttestablePack(bad, domain: domain.id, epoch: domain.epoch)]) == 0)
            let forged = Attestation(
                repository: repository.id,
                signer: member.member.id,
                domain: domain.id,
                epoch: domain.epoch,
                number: 0,
                previous: nil,
                packs: [bad],
                time: 1
            )
            try fixture.store.put(
                ObjectName(ObjectNames.attestation(member: member.member.id, number: 0)),
                SignedRecord.sign(forged, with: repository.keyring.signingKey)
            )
        }
        // In the owner's place without the owner's signature.
        let own = try fixture.store.readAll(
            ObjectName(ObjectNames.attestation(member: b.member.id, number: 0)),
            atMost: 1 << 20
        )
        let owner = try fixture.open()
        try fixture.store.put(ObjectName(ObjectNames.attestation(member: owner.keyring.member, number: 0)), own)
        let stored = try a.open().commitChunks([next])
        #expect(try fixture.open().loadChunk(stored.chunks[0]) == next)
        let lists = try #require(try CommitLog.load(owner).commits.last).commit.referredPackLists
        #expect(lists.isEmpty)
    }

    @Test func whatAnOwnerHasReadIsNotStoredAgain() throws {
        let (fixture, a, b) = try twoWriters()
        let common: [[UInt8]] = [next, Array("and more that both have".utf8)]
        let first = try b.open().commitChunks(common)
        let owner = try fixture.open()
        let index = try owner.loadIndexAnew { _, _ in }
        let verifier = try PackVerifier(repository: owner, index: index)
        let packs = try owner.listPacks().map { PackReference(name: $0.key, byteCount: $0.value) }
        let good = try packs.compactMap { try verifier.verify($0).attestable }
        #expect(good.count == packs.count)
        #expect(try owner.attest(good) == packs.count)
        // What was said is not said again.
        #expect(try owner.attest(good) == 0)
        let cache = try TemporaryDirectory()
        for environment in [RepositoryEnvironment(), RepositoryEnvironment(cache: cache.directory)] {
            let again = try a.open(environment: environment).commitChunks(common)
            #expect(again.chunks == first.chunks)
            #expect(try fixture.names("packs/").count == packs.count)
            let commit = try #require(try CommitLog.load(owner).commits.last)
            #expect(commit.commit.signer == a.member.id && !commit.commit.referredPackLists.isEmpty)
        }
        // From the cache, without reading a directory again.
        let blind = FaultyStore(
            fixture.store,
            rules: [.init(.read, prefix: "packs/", .fail(StorageError(.other, "read")))]
        )
        try a.open(blind, environment: RepositoryEnvironment(cache: cache.directory)).commitChunks(common)
        // A pack that is gone is stored again, without an alarm.
        let warnings = Warnings()
        for pack in packs { try fixture.store.remove(ObjectName(ObjectNames.pack(pack.name))) }
        let environment = RepositoryEnvironment(cache: cache.directory, warn: warnings.add)
        let anew = try a.open(environment: environment).commitChunks(common)
        #expect(try fixture.open().loadChunk(anew.chunks[0]) == next)
        #expect(warnings.all.isEmpty)
    }

    @Test func anAttestationOfARevokedOwnerCountsNoLonger() throws {
        let (fixture, a, b) = try twoWriters()
        let second = try fixture.addMember(.owner, name: "second")
        try b.open().commitChunks([next])
        let attester = try second.open()
        let domain = try attester.defaultDomain()
        let packs = try attester.listPacks().map { PackReference(name: $0.key, byteCount: $0.value) }
        _ = try attester.attest(packs.map { AttestablePack($0, domain: domain.id, epoch: domain.epoch) })
        let owner = try fixture.open()
        _ = try owner.revokeMember(second.member.id, log: try CommitLog.load(owner))
        try a.open().commitChunks([next])
        #expect(try fixture.names("packs/").count == packs.count + 2)
    }
}
