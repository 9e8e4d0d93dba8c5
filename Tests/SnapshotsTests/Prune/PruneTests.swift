import Chunking
import Cryptography
import ObjectStorage
import Records
import Repository
import Snapshots
import TestSupport
import Testing

/// What a prune frees, what it leaves, and when it refuses.
@Suite struct PruneTests {
    /// Snapshots that share a part: large files that stay, small ones of which some change.
    private func fixture(snapshots count: Int = 3) throws -> (PruneFixture, [ObjectHash]) {
        let fixture = try PruneFixture()
        var random = SeededGenerator(seed: 81)
        for number in 0..<2 { try fixture.base.write("large/\(number)", random.bytes(300_000)) }
        var ids: [ObjectHash] = []
        for round in 0..<count {
            for number in 0..<20 where round == 0 || number % 3 == round % 3 {
                try fixture.base.write("small/\(number)", random.bytes(3_000))
            }
            try fixture.base.write("changing", random.bytes(300_000 + round))
            ids.append(try fixture.backUp())
        }
        return (fixture, ids)
    }

    @Test func whatIsNeededStays() throws {
        let (fixture, _) = try fixture()
        let before = try fixture.packs()
        let summary = try fixture.prune()
        #expect(summary.packsDeleted == 0)
        #expect(summary.unusedBytes == 0)
        #expect(try fixture.packs() == before)
        #expect(try fixture.base.names(ObjectNames.plans).isEmpty)
        try fixture.expectWhole()
    }

    @Test func whatNothingNeedsIsFreed() throws {
        let (fixture, ids) = try fixture()
        let wanted = try fixture.content("changing", of: ids[2])
        let before = try fixture.packBytes()
        try fixture.forget(ids[0], ids[1])
        let summary = try fixture.prune()
        #expect(summary.packsDeleted > 0)
        #expect(try fixture.packBytes() == before - summary.bytesDeleted + summary.bytesWritten)
        #expect(summary.unusedRemaining == 0)
        try fixture.expectWhole()
        #expect(try fixture.content("changing", of: ids[2]) == wanted)
        // What is left is what a repository with this snapshot alone would hold, but for headers and padding.
        let again = try fixture.prune()
        #expect(again.packsDeleted == 0 && again.unusedBytes == 0)
        let check = try fixture.base.check()
        // Neither are deleted packs that a fragment still describes worth a word.
        #expect(check.summary.unreferencedPacks == 0)
        #expect(check.problems.isEmpty)
    }

    @Test func everythingGoesWithTheLastSnapshot() throws {
        let (fixture, ids) = try fixture()
        for id in ids { try fixture.forget(id) }
        try fixture.prune()
        #expect(try fixture.packs().isEmpty)
        #expect(try fixture.base.names(ObjectNames.indexes).isEmpty)
        #expect(try fixture.base.names(ObjectNames.packLists).isEmpty)
        try fixture.expectWhole()
        try fixture.backUp()
        try fixture.expectWhole()
    }

    @Test func repackedPacksAreReusedByTheNextBackup() throws {
        let (fixture, ids) = try fixture()
        try fixture.forget(ids[0], ids[1])
        let summary = try fixture.prune()
        #expect(summary.packsRepacked > 0)
        let before = try fixture.packBytes()
        try fixture.backUp()
        // Nothing but what the new snapshot's own pages need.
        #expect(try fixture.packBytes() - before < 60_000)
        try fixture.expectWhole()
    }

    @Test func limitOfUnusedSpaceIsKept() throws {
        let (fixture, ids) = try fixture()
        try fixture.forget(ids[0], ids[1])
        let dry = try fixture.prune { $0.isDryRun = true }
        #expect(dry.packsRepacked > 0)
        let lazy = try fixture.prune { $0.policy.maxUnused = .unlimited }
        #expect(lazy.packsRepacked == 0)
        #expect(lazy.unusedRemaining > 0)
        let metadata = try fixture.prune { $0.policy.metadataOnly = true }
        #expect(metadata.unusedRemaining > 0)
        let bounded = try fixture.prune { $0.policy.maxRepackBytes = 1 }
        #expect(bounded.packsRepacked == 0)
        let whole = try fixture.prune()
        #expect(whole.packsRepacked > 0)
        #expect(whole.unusedRemaining == 0)
        try fixture.expectWhole()
    }

    @Test func dryRunChangesNothing() throws {
        let (fixture, ids) = try fixture()
        try fixture.forget(ids[0])
        let before = fixture.store.contents
        let summary = try fixture.prune { $0.isDryRun = true }
        #expect(summary.packsDeleted > 0)
        #expect(fixture.store.contents == before)
    }

    @Test func smallPacksAreJoined() throws {
        let (fixture, ids) = try fixture(snapshots: 6)
        let before = try fixture.packs().count
        let summary = try fixture.prune {
            $0.policy.joinsSmall = true
            $0.policy.smallBelow = 500_000
        }
        #expect(summary.packsRepacked > 1)
        #expect(try fixture.packs().count < before)
        try fixture.expectWhole()
        #expect(try fixture.content("changing", of: ids[0]).count == 300_000)
    }

    @Test func unreadablePageStopsThePrune() throws {
        let (fixture, ids) = try fixture()
        try fixture.forget(ids[0])
        let repository = try fixture.open()
        let root = try #require(try CommitLog.load(repository).commits.first { $0.id == ids[1] }).commit.root.chunk
        let place = try #require(try repository.loadIndex().locations(of: root).first)
        let name = try ObjectName(ObjectNames.pack(place.pack))
        var bytes = try fixture.store.readAll(name, atMost: 1 << 30)
        bytes[Int(place.offset)] ^= 1
        fixture.store.overwrite(name, with: bytes)
        let before = fixture.store.contents.keys.filter { $0.path.hasPrefix("packs/") }.count
        let error = try #require(refusal { try fixture.prune() })
        #expect(error.code == .integrity)
        #expect(error.message.contains(String(ids[1].hex.prefix(8))))
        #expect(try fixture.packs().count == before)
        #expect(try fixture.base.names(ObjectNames.plans).isEmpty)
        // Without the snapshot it is known again what is needed.
        try fixture.forget(ids[1])
        try fixture.prune()
        #expect(try fixture.content("changing", of: ids[2]).count == 300_002)
    }

    @Test func missingDataStopsThePrune() throws {
        let (fixture, ids) = try fixture()
        try fixture.forget(ids[0])
        let repository = try fixture.open()
        let index = try repository.loadIndex()
        var data: Set<ObjectHash> = []
        index.forEachLocation { if $0.entry.type == .data { data.insert($0.pack) } }
        for pack in data { fixture.store.overwrite(try ObjectName(ObjectNames.pack(pack)), with: nil) }
        let error = try #require(refusal { try fixture.prune() })
        #expect(error.code == .integrity)
    }

    @Test func damagedCommitStopsThePrune() throws {
        let (fixture, ids) = try fixture()
        let name = try #require(try fixture.base.names(ObjectNames.commits).first { $0.path.hasSuffix(ids[1].hex) })
        var bytes = try fixture.store.readAll(name, atMost: 1 << 20)
        bytes[200] ^= 1
        fixture.store.overwrite(name, with: bytes)
        #expect(try #require(refusal { try fixture.prune() }).code == .integrity)
    }

    @Test func damagedPackStaysAndTheRestIsFreed() throws {
        let (fixture, ids) = try fixture()
        try fixture.forget(ids[0], ids[1])
        let decided = try fixture.prune { $0.isDryRun = true }
        #expect(decided.packsRepacked > 0)
        // A frame that is needed, in a pack that also holds what is not.
        let repository = try fixture.open()
        let index = try repository.loadIndex()
        var damaged: ObjectHash?
        index.forEachLocation { location in
            guard damaged == nil, location.entry.type == .data else { return }
            damaged = location.pack
        }
        let pack = try #require(damaged)
        let name = try ObjectName(ObjectNames.pack(pack))
        var bytes = try fixture.store.readAll(name, atMost: 1 << 30)
        index.forEachLocation { if $0.pack == pack { bytes[Int($0.offset)] ^= 1 } }
        fixture.store.overwrite(name, with: bytes)
        let summary = try fixture.prune()
        if try fixture.packs().contains(pack) {
            #expect(summary.packsDamaged == 1)
            #expect(!summary.isGood)
        }
        // What could be read still can.
        #expect(try fixture.content("changing", of: ids[2]).count == 300_002)
    }

    @Test func interruptedWorkIsKeptForATime() throws {
        let (fixture, _) = try fixture(snapshots: 1)
        var random = SeededGenerator(seed: 82)
        let run = try WriteRun.begin(try fixture.open())
        var identifier = try ChunkIdentifier(keys: run.keys)
        var encoder = try ChunkEncoder(compression: .standard, verifies: true)
        let chunk = random.bytes(100_000)
        _ = try unsafe run.store(chunk.span.bytes, type: .data, identifier: &identifier, encoder: &encoder)
        run.abandon()
        let before = try fixture.packs()
        let early = try fixture.prune()
        #expect(early.packsProtected == 1)
        #expect(try fixture.packs() == before)
        fixture.clock.advance(7 * 86_400 * 1_000_000_000)
        let late = try fixture.prune()
        #expect(late.packsProtected == 0)
        #expect(late.packsDeleted == 1)
        try fixture.expectWhole()
        #expect(try fixture.base.names(ObjectNames.leases).count <= 2)
    }

    @Test func leasesOfRunsThatAreOverGo() throws {
        let (fixture, _) = try fixture()
        try fixture.prune()
        // Only its own.
        let leases = try fixture.base.names(ObjectNames.leases)
        #expect(leases.count == 2, "\(leases)")
    }

    @Test func plansOfLongAgoGo() throws {
        let (fixture, ids) = try fixture(snapshots: 4)
        for id in ids.dropLast() {
            try fixture.forget(id)
            try fixture.prune()
            try fixture.expectWhole()
        }
        try fixture.forget(ids[3])
        try fixture.prune()
        try fixture.backUp()
        try fixture.prune()
        #expect(try fixture.base.names(ObjectNames.plans).count <= 4)
        try fixture.expectWhole()
    }

    @Test func manifestCannotHideAPageAsData() throws {
        // A page that a manifest names as a file's chunk is still followed where it is a page.
        let (fixture, ids) = try fixture(snapshots: 1)
        let repository = try fixture.open()
        let root = try #require(try CommitLog.load(repository).commits.first).commit.root
        let index = try repository.loadIndex()
        let live = LiveChunks(index: index)
        #expect(live.insert(root.chunk) == .added)
        #expect(!live.hasEntered(root.chunk))
        #expect(live.enter(root.chunk))
        #expect(live.hasEntered(root.chunk))
        _ = ids
    }

    @Test func failingStoreIsNotPruned() throws {
        let (fixture, _) = try fixture(snapshots: 1)
        // Faults of the store come through as they are; the plan is never announced.
        let faulty = FaultyStore(
            fixture.store,
            rules: [.init(.list, prefix: "packs/", .fail(StorageError(.unavailable, "away")))]
        )
        #expect(throws: StorageError.self) { try fixture.prune(faulty) }
        #expect(try fixture.base.names(ObjectNames.plans).isEmpty)
    }
}
