import Cryptography
import FileSystem
import Foundation
import ObjectStorage
import Records
import Repository
import Snapshots
import TestSupport
import Testing

@Suite struct IndexRepairTests {
    private func made() throws -> BackupFixture {
        let fixture = try BackupFixture()
        var random = SeededGenerator(seed: 0x1d11)
        for number in 0..<5 { try fixture.write("file-\(number)", random.bytes(400_000)) }
        fixture.settle()
        try fixture.backUp { $0.writing.sizing = PackSizing(target: 256 << 10, limit: 512 << 10) }
        try fixture.write("more", random.bytes(400_000))
        fixture.settle()
        try fixture.backUp { $0.writing.sizing = PackSizing(target: 256 << 10, limit: 512 << 10) }
        return fixture
    }

    /// What a host sees that has no cache.
    private func bare(_ fixture: BackupFixture) throws -> Repository {
        try fixture.open(environment: RepositoryEnvironment())
    }

    private func repair(_ fixture: BackupFixture, isDryRun: Bool = false) throws -> IndexRepair.Report {
        try IndexRepair(repository: try fixture.open(), isDryRun: isDryRun).run()
    }

    private func reusable(_ fixture: BackupFixture) throws -> Bool {
        let repository = try bare(fixture)
        let index = try repository.loadIndex()
        var all = true
        for (_, entry) in try fixture.entries(of: nil) {
            guard case .inline(let extents) = entry.content else { continue }
            for case .chunk(let id, offset: _, length: _) in extents where !index.isReusable(id) { all = false }
        }
        return all
    }

    @Test func aRightIndexStaysAsItIs() throws {
        let fixture = try made()
        let before = try fixture.objects("index/")
        let report = try repair(fixture)
        #expect(report.rightFragments == before.count && report.wrongFragments.isEmpty && report.packsIndexed == 0)
        #expect(try fixture.objects("index/") == before)
        #expect(try reusable(fixture))
    }

    @Test func anIndexThatIsGoneIsRebuiltAndCountsForReuse() throws {
        let fixture = try made()
        let packs = try fixture.objects("packs/").count
        for name in try fixture.objects("index/") { try fixture.store.remove(ObjectName(name)) }
        #expect(try !reusable(fixture))
        let dry = try repair(fixture, isDryRun: true)
        #expect(dry.packsIndexed == packs)
        #expect(try fixture.objects("index/").isEmpty)
        let report = try repair(fixture)
        #expect(report.packs == packs && report.packsIndexed == packs && report.damagedPacks.isEmpty)
        #expect(try reusable(fixture))
        #expect(try bare(fixture).loadIndex().packs().count == packs)
        let found = try CheckFixture.check(try bare(fixture), .all, workers: 2)
        #expect(found.problems.isEmpty, "\(found.problems)")
        // Nothing is stored again, even by a host that has lost its caches.
        let environment = RepositoryEnvironment(state: fixture.environment.state)
        #expect(try fixture.backUp(environment: environment).packBytes < 10_000)
        #expect(try repair(fixture).packsIndexed == 0)
    }

    @Test func damagedAndFalseFragmentsAreReplaced() throws {
        let fixture = try made()
        let names = try fixture.objects("index/")
        let first = try #require(names.first)
        var bytes = try fixture.store.readAll(ObjectName(first), atMost: 1 << 26)
        bytes[bytes.count / 2] ^= 1
        try fixture.store.remove(ObjectName(first))
        try fixture.store.put(ObjectName(first), bytes)
        // A fragment that a holder of the keys has made, and that lies.
        let repository = try bare(fixture)
        let last = try #require(names.last)
        let truth = try repository.readFragment(try #require(ObjectHash(hex: String(last.dropFirst(6)))))
        var lie = try #require(truth.first)
        lie.entries[0].plainLength ^= 1
        let domain = try repository.defaultDomain()
        let keys = try repository.keys(domain: domain.id, epoch: domain.epoch)
        let forged = try IndexFragment.seal([lie], keys: keys, repository: repository.id, suite: repository.suite)
        let forgedName = try unsafe SHA256.hash(forged.span.bytes)
        try fixture.store.put(ObjectName(ObjectNames.index(forgedName)), forged)
        let report = try repair(fixture)
        #expect(Set(report.wrongFragments.map(\.name.hex)) == [String(first.dropFirst(6)), forgedName.hex])
        #expect(report.notRemoved.isEmpty && report.packsIndexed > 0)
        #expect(try reusable(fixture))
        let found = try CheckFixture.check(try bare(fixture), .all, workers: 2)
        #expect(found.problems.isEmpty, "\(found.problems)")
    }

    /// Packs that no list of this member names are found for reading, and not taken for its own.
    @Test func packsOfOthersAreForReadingAlone() throws {
        let fixture = try made()
        for name in try fixture.objects("index/") + fixture.objects("packlists/") {
            try fixture.store.remove(ObjectName(name))
        }
        let report = try repair(fixture)
        #expect(report.packsIndexed == report.packs)
        #expect(try !reusable(fixture))
        #expect(try bare(fixture).loadIndex().packs().count == report.packs)
        #expect(try fixture.objects("packlists/").isEmpty)
        #expect(try repair(fixture).packsIndexed == 0)
    }

    @Test func aDamagedPackIsTold() throws {
        let fixture = try made()
        for name in try fixture.objects("index/") { try fixture.store.remove(ObjectName(name)) }
        let pack = try #require(try fixture.objects("packs/").first)
        var bytes = try fixture.store.readAll(ObjectName(pack), atMost: 1 << 26)
        bytes[bytes.count - 1] ^= 1
        try fixture.store.remove(ObjectName(pack))
        try fixture.store.put(ObjectName(pack), bytes)
        let report = try repair(fixture)
        #expect(report.damagedPacks.map { ObjectNames.pack($0.pack.name) } == [pack])
        #expect(report.packsIndexed == report.packs - 1)
    }
}
