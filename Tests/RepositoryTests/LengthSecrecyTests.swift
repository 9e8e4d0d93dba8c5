import Chunking
import Cryptography
import ObjectStorage
import Records
import TestSupport
import Testing

@testable import Repository

/// What stands unsealed in the storage says nothing of how long chunks are.
@Suite struct LengthSecrecyTests {
    /// Stores chunks of these lengths, as noise that does not shrink.
    private func store(_ lengths: [Int], seed: UInt64) throws -> RepositoryFixture {
        let fixture = try RepositoryFixture(environment: RepositoryEnvironment(now: { 1_000_000_000 }))
        var random = SeededGenerator(seed: seed)
        try fixture.repository.commitChunks(lengths.map { random.bytes($0) })
        return fixture
    }

    /// Every unsealed field of every pack, with all that is random set to nothing, and the lengths of what is sealed but
    /// for the frames.
    private func unsealed(_ fixture: RepositoryFixture) throws -> [[UInt8]] {
        try fixture.names("packs/").map { name in
            let object = try fixture.store.readAll(name, atMost: FormatBounds.pack)
            var header = try PackHeader(decoding: object)
            header.repository = .zero
            header.salt = [UInt8](repeating: 0, count: 32)
            header.keyBox.commitment = .zero
            for index in header.keyBox.recipients.indices {
                header.keyBox.recipients[index].recipient = [UInt8](repeating: 0, count: 8)
                header.keyBox.recipients[index].encapsulatedKey = [UInt8](repeating: 0, count: 32)
                header.keyBox.recipients[index].ciphertext = [UInt8](repeating: 0, count: 48)
            }
            header.domain = try #require(DomainID([UInt8](repeating: 0, count: 16)))
            header.member = try #require(MemberID([UInt8](repeating: 0, count: 16)))
            header.run = try #require(RunID([UInt8](repeating: 0, count: 16)))
            return header.encodedPrefix()
        }.sorted { $0.lexicographicallyPrecedes($1) }
    }

    @Test("No unsealed field of a pack or fragment depends on the length of a frame")
    func unsealedFieldsDoNotDependOnLengths() throws {
        let shapes = [[1000, 1000, 1000], [1, 2999, 17], [60_000, 3, 250_000], [512, 512, 1 << 20]]
        let fixtures = try shapes.enumerated().map { try store($1, seed: UInt64(90 + $0)) }
        let first = try unsealed(fixtures[0])
        #expect(first.count == 2)
        for fixture in fixtures { #expect(try unsealed(fixture) == first) }
        // Fragments, lists and commits are as long as each other.
        for folder in ["index/", "packlists/", "leases/"] {
            let lengths = try fixtures.map { fixture in
                try fixture.names(folder).map { try fixture.store.byteCount(of: $0) }.sorted()
            }
            #expect(Set(lengths).count == 1, "\(folder): \(lengths)")
        }
    }

    @Test("Pack lengths are Padmé values, and few")
    func packLengthsArePadmeValues() throws {
        var lengths: Set<UInt64> = []
        for round in 0..<60 {
            let fixture = try store([40_000 + round * 37, 900 + round], seed: UInt64(200 + round))
            for name in try fixture.names("packs/") {
                let length = try fixture.store.byteCount(of: name)
                // The rule of format.md §8, written out once more.
                var (e, bits) = (0, length)
                while bits > 1 {
                    e += 1
                    bits >>= 1
                }
                var (s, exponent) = (1, e)
                while exponent > 1 {
                    s += 1
                    exponent >>= 1
                }
                #expect(length % (1 << UInt64(e - s)) == 0, "\(length)")
                lengths.insert(length)
            }
        }
        // Sixty different sums of frames become a handful of lengths.
        #expect(lengths.count <= 6, "\(lengths.sorted())")
    }
}
