import Chunking
import Cryptography
import ObjectStorage
import Records
import Repository
import TestSupport
import Testing

/// Reading whole packs.
@Suite struct PackVerifierTests {
    private func fixture(_ chunks: [[UInt8]]) throws -> (RepositoryFixture, Repository.Stored, [PackReference]) {
        let fixture = try RepositoryFixture()
        let stored = try fixture.repository.commitChunks(chunks)
        let packs = try fixture.repository.listPacks().map { PackReference(name: $0.key, byteCount: $0.value) }
        return (fixture, stored, packs)
    }

    private func verify(_ fixture: RepositoryFixture, _ pack: PackReference) throws -> PackVerification {
        let index = try fixture.repository.loadIndexAnew { _, _ in }
        return try PackVerifier(repository: fixture.repository, index: index).verify(pack)
    }

    @Test("packs longer than the buffer are read in steps", arguments: [1, 1000, 4 << 20, 9 << 20])
    func goodPacks(_ size: Int) throws {
        var random = SeededGenerator(seed: 5)
        let chunks = [random.bytes(size), random.bytes(1 << 20), [UInt8](repeating: 1, count: size)]
        let (fixture, _, packs) = try fixture(chunks)
        var chunkCount = 0
        for pack in packs {
            let result = try verify(fixture, pack)
            #expect(result.problems.isEmpty)
            #expect(result.damagedChunks.isEmpty)
            #expect(result.byteCount == pack.byteCount)
            chunkCount += result.chunkCount
        }
        #expect(chunkCount == Set(chunks).count + 1)
    }

    @Test func damageIsNamedByChunk() throws {
        var random = SeededGenerator(seed: 6)
        let (fixture, stored, packs) = try fixture([random.bytes(5000), random.bytes(5000), random.bytes(5000)])
        let pack = try #require(packs.max { $0.byteCount < $1.byteCount })
        let name = try ObjectName(ObjectNames.pack(pack.name))
        let whole = try #require(fixture.store.contents[name])
        let index = try fixture.repository.loadIndex()
        for chunk in stored.chunks {
            let location = try #require(try index.locations(of: chunk).first)
            var damaged = whole
            damaged[Int(location.offset) + 100] ^= 1
            fixture.store.overwrite(name, with: damaged)
            let result = try verify(fixture, pack)
            #expect(result.damagedChunks == [chunk])
            #expect(result.problems.count == 2)
        }
    }

    @Test func aPackThatTheIndexIsWrongAboutIsTold() throws {
        let fixture = try RepositoryFixture()
        let forged = ForgedPack(repository: fixture.repository)
        let pack = try forged.put([try forged.stored([1]), try forged.stored([2])])
        // The pack is in no fragment yet: that alone is nothing wrong.
        #expect(try verify(fixture, pack).problems.isEmpty)
        // A fragment that tells of another place for one of the chunks, and of a chunk that is not there.
        let domain = try fixture.repository.defaultDomain()
        let keys = try fixture.repository.keys(domain: domain.id, epoch: domain.epoch)
        let directory = try fixture.repository.readPackDirectory(pack)
        var wrong = directory
        wrong.entries.swapAt(0, 1)
        wrong.entries[1].plainLength = 2
        try put(fragment: [wrong], keys, fixture)
        let result = try verify(fixture, pack)
        #expect(result.problems.count == 1)
        #expect(result.problems.first?.isDamage == false)
        #expect(result.damagedChunks.isEmpty)
    }

    /// Seals a fragment by the letter of format.md, §9.
    private func put(fragment packs: [StoredPack], _ keys: DomainKeys, _ fixture: RepositoryFixture) throws {
        let id = fixture.repository.id
        let salt = [UInt8](repeating: 4, count: 32)
        var fields = FieldWriter()
        fields.digest(1, id)
        fields.integer(3, UInt64(fixture.repository.suite.rawValue))
        fields.identifier(5, keys.domain)
        fields.integer(7, UInt64(keys.epoch))
        fields.bytes(9, salt)
        let head = RecordKind.index.magic + littleEndian(UInt64(fields.bytes.count), 4) + fields.bytes
        var plain = littleEndian(UInt64(packs.count), 4)
        for pack in packs {
            plain += pack.name.bytes + littleEndian(pack.byteCount, 8) + littleEndian(UInt64(pack.framesOffset), 4)
            plain += [pack.type.rawValue, 0, 0, 0] + littleEndian(UInt64(pack.entries.count), 4)
            for entry in pack.entries {
                plain += entry.id.bytes + [entry.type.rawValue, entry.codec.rawValue, 0, 0]
                plain += littleEndian(UInt64(entry.plainLength), 4) + littleEndian(UInt64(entry.compressedLength), 4)
            }
        }
        let info = Array("holdfast/v1/index".utf8) + id.bytes
        let key = try unsafe HKDF.derive(
            from: keys.directoryKey,
            salt: salt.span.bytes,
            info: info.span.bytes,
            count: 32
        )
        var aead = try AEAD(suite: fixture.repository.suite, key: key)
        let object = try unsafe head + aead.seal(plain.span.bytes, counter: 0, associatedData: head.span.bytes)
        let name = try unsafe SHA256.hash(object.span.bytes)
        try fixture.store.put(ObjectName(ObjectNames.index(name)), object)
    }

    @Test func aPackThatVanishesWhileItIsReadIsNoDamage() throws {
        let (fixture, _, packs) = try fixture([[1, 2, 3]])
        for pack in packs { try fixture.store.remove(ObjectName(ObjectNames.pack(pack.name))) }
        let error = #expect(throws: StorageError.self) { try verify(fixture, packs[0]) }
        #expect(error?.code == .notFound)
    }

    @Test func cancellingEndsInTheMiddle() throws {
        let (fixture, _, packs) = try fixture([[1, 2, 3]])
        let cancelled = try fixture.open(environment: RepositoryEnvironment(isCancelled: { true }))
        let verifier = try PackVerifier(repository: cancelled, index: try cancelled.loadIndex())
        let error = #expect(throws: RepositoryError.self) { try verifier.verify(packs[0]) }
        #expect(error?.code == .cancelled)
    }
}
