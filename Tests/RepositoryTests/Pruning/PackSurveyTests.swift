import Chunking
import Cryptography
import FileSystem
import ObjectStorage
import Records
import Repository
import TestSupport
import Testing

/// Which of several copies of a chunk stays.
@Suite struct PackSurveyTests {
    private struct Place {
        let fixture: RepositoryFixture
        let repository: Repository
        let chunk: [UInt8]
        let id: ChunkID
        let honest: ObjectHash
        let live: LiveChunks
        let index: LocalIndex

        /// A chunk that an honest run has stored, and packs that claim to hold it too.
        init(_ claims: (ForgedPack, [UInt8]) throws -> [ForgedPack.Frame]) throws {
            fixture = try RepositoryFixture()
            repository = fixture.repository
            var random = SeededGenerator(seed: 71)
            chunk = random.bytes(5_000)
            id = try repository.commitChunks([chunk, random.bytes(700)]).chunks[0]
            let before = try repository.loadIndex()
            honest = try #require(try before.locations(of: id).first?.pack)
            let forge = ForgedPack(repository: repository)
            for frame in try claims(forge, chunk) { try forge.put([frame]) }
            index = try repository.loadIndex()
            _ = try repository.indexUncoveredPacks(index)
            live = LiveChunks(index: index)
            #expect(live.insert(id) == .added)
        }

        func survey(verify: ((ChunkLocation) throws -> Bool?)? = nil) throws -> PackSurvey {
            try PackSurvey(
                live,
                present: try repository.listPacks(),
                mayStay: { _ in true },
                verify: try verify ?? repository.verifier(index)
            )
        }
    }

    @Test("row 26: a copy that is not what its id says does not push the honest one out")
    func hostileCopyDoesNotPushTheHonestOneOut() throws {
        let place = try Place { forge, chunk in
            var frame = try forge.stored(chunk)
            frame.bytes[17] ^= 1
            return [frame]
        }
        let survey = try place.survey()
        #expect(survey.isNeeded(place.id, in: place.honest, live: place.live))
        let forged = try #require(survey.packs.first { $0.pack.name != place.honest && $0.deadBytes > 4_000 })
        #expect(!survey.isNeeded(place.id, in: forged.pack.name, live: place.live))
        #expect(survey.stands[forged.pack.name] == [place.honest])
    }

    @Test func ofTwoGoodCopiesOneStays() throws {
        let place = try Place { forge, chunk in [try forge.stored(chunk)] }
        let survey = try place.survey()
        let holders = survey.packs.filter { survey.isNeeded(place.id, in: $0.pack.name, live: place.live) }
        #expect(holders.count == 1)
        #expect(holders.allSatisfy { $0.liveBytes >= 5_000 })
    }

    @Test func withoutProofAllCopiesStay() throws {
        let place = try Place { forge, chunk in [try forge.stored(chunk)] }
        // A manager without the keys of readers cannot tell.
        let blind = try place.survey { _ in nil }
        #expect(blind.packs.count { $0.liveCount > 0 } == 2)
        #expect(blind.stands.isEmpty)
        // And where no copy is good there is nothing to choose.
        let bad = try place.survey { _ in false }
        #expect(bad.packs.count { $0.liveCount > 0 } == 2)
    }

    @Test func deltaDoesNotStandForABase() throws {
        // A copy that is a delta itself, good though it is, is not the one that stays.
        let place = try Place { forge, chunk in
            let base = try forge.stored(Array(chunk.prefix(4_000)))
            return [
                base,
                ForgedPack.Frame(
                    id: try forge.id(chunk),
                    codec: Codec.zstdPrefix.rawValue,
                    plainLength: UInt32(chunk.count),
                    bytes: [UInt8](repeating: 0, count: 10),
                    base: base.id
                ),
            ]
        }
        // Every copy passes here: the choice alone is tested.
        let survey = try place.survey { _ in true }
        #expect(survey.isNeeded(place.id, in: place.honest, live: place.live))
        let delta = try #require(survey.stands.keys.first)
        #expect(!survey.isNeeded(place.id, in: delta, live: place.live))
        // The base of a delta that is needed is needed, wherever the delta lies.
        let base = try ForgedPack(repository: place.repository).id(Array(place.chunk.prefix(4_000)))
        #expect(place.live.contains(base))
    }

    @Test func neededChunkWithoutAPackIsMissing() throws {
        let place = try Place { _, _ in [] }
        let survey = try PackSurvey(place.live, present: [:], mayStay: { _ in true }, verify: { _ in true })
        #expect(survey.missing?.example == place.id)
        #expect(survey.missing?.count == 1)
    }
}
