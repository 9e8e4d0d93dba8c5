import Cryptography
import FileSystem
import Foundation
import ObjectStorage
import Records
import Repository
import Snapshots
import TestSupport
import Testing

@Suite struct RepairTests {
    /// Flips a bit in the middle of a frame.
    private func damage(_ fixture: BackupFixture, _ choose: (StoredPack) -> Int?) throws -> (PackReference, ChunkID) {
        let repository = try fixture.open()
        for (name, byteCount) in try repository.listPacks().sorted(by: { $0.key < $1.key }) {
            let reference = PackReference(name: name, byteCount: byteCount)
            let pack = try repository.readPackDirectory(reference)
            guard let number = choose(pack) else { continue }
            let start = pack.entries[..<number].reduce(Int(pack.framesOffset)) { $0 + $1.frameLength }
            let object = try ObjectName(ObjectNames.pack(name))
            var bytes = try fixture.store.readAll(object, atMost: 1 << 30)
            bytes[start + pack.entries[number].frameLength / 2] ^= 1
            try fixture.store.remove(object)
            try fixture.store.put(object, bytes)
            return (reference, pack.entries[number].id)
        }
        throw RepositoryError(.missing, "no such pack")
    }

    private func restore(_ fixture: BackupFixture, _ id: String, to name: String) throws -> RestoreSummary {
        let repository = try fixture.open()
        // By the commit itself: a snapshot that was replaced is not found by its id.
        let newest = try SnapshotList.load(repository).resolve("latest").commit
        let root = try CommitLog.load(repository).commits.first { $0.id.hex == id }?.commit.root ?? newest.root
        var options = RestoreOptions()
        options.root = Array(fixture.source.utf8.dropFirst())
        return try Restore(
            repository: repository,
            index: try repository.loadIndex(),
            root: root,
            options: options,
            observer: RestoreRecorder()
        ).run(to: Array(fixture.place.path(name).utf8))
    }

    private func files(_ fixture: BackupFixture, _ name: String) throws -> Set<String> {
        Set(try FileManager.default.subpathsOfDirectory(atPath: fixture.place.path(name)))
    }

    @Test func packsAreSalvaged() throws {
        let fixture = try BackupFixture()
        var random = SeededGenerator(seed: 0x5a17)
        for number in 0..<5 { try fixture.write("file-\(number)", random.mebibytes(1)) }
        fixture.settle()
        try fixture.backUp()
        let (pack, lost) = try damage(fixture) { $0.type == .data && $0.entries.count > 3 ? 1 : nil }
        let count = try fixture.open().readPackDirectory(pack).entries.count
        var outcomes: [PackSalvage.Outcome] = []
        try PackSalvage.run(try fixture.open(), packs: [pack], isDryRun: true) { outcomes.append($0) }
        #expect(outcomes[0].lost == [lost] && outcomes[0].stored == count - 1 && !outcomes[0].isRemoved)
        try PackSalvage.run(try fixture.open(), packs: [pack], isDryRun: false) { outcomes.append($0) }
        #expect(outcomes[1].lost == [lost] && outcomes[1].stored == count - 1 && outcomes[1].isRemoved)
        #expect(try !fixture.store.exists(ObjectName(ObjectNames.pack(pack.name))))
        #expect(try fixture.open().damagedPacks.names.isEmpty)
        let summary = try restore(fixture, "latest", to: "restored")
        #expect(summary.failures == 1 && summary.files == 4)
        let found = try CheckFixture.check(try fixture.open(), .all, workers: 2)
        #expect(!found.kinds(.error).contains(.packDamaged))
        #expect(found.losses.map(\.files) == [1])
        // A backup of what still exists makes all whole.
        try fixture.backUp()
        #expect(try CheckFixture.check(try fixture.open(), .all, workers: 2).summary.errors == 0)
        let whole = try fixture.open().listPacks().first
        let reference = PackReference(name: try #require(whole?.key), byteCount: try #require(whole?.value))
        try PackSalvage.run(try fixture.open(), packs: [reference], isDryRun: false) { outcomes.append($0) }
        #expect(outcomes[2].isWhole)
    }

    @Test(arguments: [false, true]) func snapshotsAreRepaired(forgets: Bool) throws {
        let fixture = try BackupFixture()
        var random = SeededGenerator(seed: 0x5a18)
        for number in 0..<4 { try fixture.write("large-\(number)", random.mebibytes(1)) }
        for number in 0..<900 { try fixture.write("many/file-\(number)", [1]) }
        fixture.settle()
        let old = try #require(try fixture.backUp().snapshot)
        _ = try damage(fixture) { $0.type == .data && $0.entries.count > 3 ? 1 : nil }
        // The first page is a leaf.
        _ = try damage(fixture) { pack in
            pack.type == .metadata && pack.entries.count > 2 ? 1 : nil
        }
        #expect(try CheckFixture.check(try fixture.open(), .all, workers: 2).summary.damagedSnapshots == 1)
        let repository = try fixture.open()
        let snapshot = try SnapshotList.load(repository).resolve(old.hex)
        let dry = try SnapshotRepair(repository, isDryRun: true).repair(snapshot)
        #expect(dry.new == nil && !dry.isWhole && dry.losses.files + Int(dry.losses.lostEntries) > 0)
        let outcome = try SnapshotRepair(repository, isDryRun: false).repair(snapshot)
        #expect(outcome.losses.lostEntries == dry.losses.lostEntries && outcome.losses.files == dry.losses.files)
        let new = try #require(outcome.new)
        if forgets { #expect(try Forgetting.forget([snapshot], in: repository).failures.isEmpty) }
        let list = try SnapshotList.load(try fixture.open())
        #expect(list.snapshots.map(\.id) == [new])
        #expect(list.snapshots[0].details.isIncomplete && list.snapshots[0].details.note.contains("repaired"))
        let left = try restore(fixture, new.hex, to: "new")
        #expect(left.failures == 0)
        if !forgets {
            let before = try restore(fixture, old.hex, to: "old")
            #expect(before.failures > 0)
            #expect(try files(fixture, "new") == files(fixture, "old"))
        }
        // What is repaired stays as it is.
        let again = try SnapshotRepair(try fixture.open(), isDryRun: false).repair(list.snapshots[0])
        #expect(again.isWhole && again.new == nil)
        let found = try CheckFixture.check(try fixture.open(), .none, workers: 2)
        #expect(forgets ? found.losses.isEmpty : found.losses.map(\.snapshot) == [old])
    }
}
