import Cryptography
import FileSystem
import Foundation
import ObjectStorage
import Records
import Repository
import Snapshots
import TestSupport
import Testing

@Suite struct HealingTests {
    private func flip(_ name: String, in fixture: BackupFixture, at share: Double) throws {
        let path = fixture.place.path("repository") + "/" + name
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        data[Int(Double(data.count) * share)] ^= 0x10
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.write(contentsOf: data)
        try file.close()
    }

    private func check(_ fixture: BackupFixture, _ readData: ReadData = .none) throws -> Found {
        try CheckFixture.check(try fixture.open(), readData, workers: 2)
    }

    private func restore(_ fixture: BackupFixture, _ snapshot: ObjectHash, to name: String) throws -> RestoreSummary {
        let repository = try fixture.open()
        let found = try SnapshotList.load(repository).resolve(snapshot.hex)
        var options = RestoreOptions()
        options.root = Array(fixture.source.utf8.dropFirst())
        return try Restore(
            repository: repository,
            index: try repository.loadIndex(),
            root: found.commit.root,
            options: options,
            observer: RestoreRecorder()
        ).run(to: Array(fixture.place.path(name).utf8))
    }

    /// Damage of a pack, its removal, and how it is found: by a check or by a restore.
    enum Way: CaseIterable { case check, restore, missing }

    @Test(arguments: Way.allCases) func whatIsLostIsStoredAgain(way: Way) throws {
        let fixture = try BackupFixture()
        var random = SeededGenerator(seed: 0x4ea1)
        for number in 0..<6 { try fixture.write("file-\(number)", random.mebibytes(1)) }
        try fixture.write("dir/small", bytes("some text"))
        fixture.settle()
        let first = try #require(try fixture.backUp().snapshot)
        let expected = try listTree(fixture.source)
        for pack in try fixture.objects("packs/") {
            if way == .missing {
                try fixture.store.remove(ObjectName(pack))
            } else {
                // A restore finds out about the packs that it needs alone: with the manifest's there would be none else.
                let isData = try fixture.store.byteCount(of: ObjectName(pack)) > 1 << 20
                if isData || way == .check { try flip(pack, in: fixture, at: 0.4) }
            }
        }
        switch way {
        case .check:
            let found = try check(fixture, .all)
            #expect(found.kinds(.error).contains(.packDamaged))
            #expect(try fixture.open().damagedPacks.names.count > 0)
        case .restore:
            #expect(try restore(fixture, first, to: "broken").integrityFailures > 0)
        case .missing:
            #expect(throws: (any Error).self) { try restore(fixture, first, to: "broken") }
        }
        // Nothing has changed, the file cache knows every file: it must be read all the same.
        let observer = RecordingObserver()
        let second = try #require(try fixture.backUp(observer: observer).snapshot)
        #expect(try restore(fixture, second, to: "second").failures == 0)
        #expect(try restore(fixture, first, to: "first").failures == 0)
        #expect(differences(expected, try listTree(fixture.place.path("first"))).isEmpty)
        let found = try check(fixture, .none)
        #expect(found.summary.errors == 0, "\(found.errors)")
        if way == .missing { #expect(found.kinds(.warning).contains(.packMissing)) }
        // And nothing is stored a third time.
        #expect(try fixture.backUp().packBytes == 0 || way == .restore)
    }

    @Test func whatIsHealedIsForgotten() throws {
        let fixture = try BackupFixture()
        try fixture.write("file", bytes("text"))
        try fixture.backUp()
        let pack = try #require(try fixture.objects("packs/").first)
        try flip(pack, in: fixture, at: 0.5)
        _ = try check(fixture, .all)
        #expect(try fixture.open().damagedPacks.names.count == 1)
        try flip(pack, in: fixture, at: 0.5)
        #expect(try check(fixture, .all).summary.errors == 0)
        #expect(try fixture.open().damagedPacks.names.isEmpty)
    }

    @Test func aCheckTellsWhatEachSnapshotHasLost() throws {
        let fixture = try CheckFixture()
        var random = SeededGenerator(seed: 0x4ea2)
        for number in 0..<4 { try fixture.write("file-\(number)", random.bytes(300_000)) }
        let first = try fixture.backUp()
        try fixture.write("later", random.bytes(300_000))
        let second = try fixture.backUp()
        let index = try fixture.open().loadIndex()
        // The packs that hold the first file.
        let repository = try fixture.open()
        let source = try RepositoryChunkSource(repository: repository, index: index)
        let root = try SnapshotList.load(repository).resolve(first.hex).commit.root
        let cursor = try ManifestCursor(page: root, digest: nil, source: source)
        var packs: Set<ObjectHash> = []
        var hit: Set<[UInt8]> = []
        func extents(_ entry: Entry) throws -> [ChunkID] {
            var reader = ExtentReader(entry, source: source)
            var ids: [ChunkID] = []
            while let extent = try reader.next() {
                if case .chunk(let id, offset: _, length: _) = extent { ids.append(id) }
            }
            return ids
        }
        var entries: [Entry] = []
        while let entry = try cursor.next() { entries.append(entry) }
        let target = try #require(entries.first { $0.path == fixture.path("file-1") })
        for id in try extents(target) { packs.formUnion(try index.locations(of: id).map(\.pack)) }
        for entry in entries where entry.kind == .regular {
            let own = try extents(entry).flatMap { try index.locations(of: $0).map(\.pack) }
            if !packs.isDisjoint(with: own) { hit.insert(entry.path) }
        }
        for pack in packs { try fixture.store.remove(ObjectName(ObjectNames.pack(pack))) }
        let found = try fixture.check()
        #expect(Set(found.losses.map(\.snapshot)) == [first, second])
        for losses in found.losses {
            #expect(Set(losses.paths).isSuperset(of: hit))
            #expect(losses.files == losses.paths.count)
        }
        #expect(found.summary.damagedSnapshots == 2)
        #expect(found.first(.chunkMissing)?.pathCount ?? 0 >= hit.count)
    }

    @Test func anArchiveGoesOnBehindALostFile() throws {
        let fixture = try RestoreFixture()
        let page = try fixture.storing { sink in
            let id = try sink.store(bytes("some content"), type: .data)
            let hash = try unsafe SHA256.hash(bytes("some content").span.bytes)
            let builder = try ManifestBuilder(sink: sink)
            for (name, chunks) in [("a", [Digest.numbered(5)]), ("b", [id]), ("c", [id, .numbered(5)]), ("d", [id])] {
                var entry = Entry(path: bytes(name), kind: .regular)
                entry.size = UInt64(12 * chunks.count)
                entry.content = .inline(chunks.map { .chunk($0, offset: 0, length: 12) })
                entry.contentHash = hash
                try builder.add(entry)
            }
            return try builder.finish()
        }
        let repository = try fixture.backup.open()
        let index = try repository.loadIndex()
        let pages = try RepositoryChunkSource(repository: repository, index: index)
        var output: [UInt8] = []
        var failed: [String] = []
        let writer = TarWriter(
            content: try ContentReader(repository: repository, index: index, pages: pages),
            pages: pages,
            sink: { part in unsafe part.withUnsafeBytes { unsafe output.append(contentsOf: $0) } },
            skipped: { _, _ in },
            failed: { path, _ in failed.append(text(path)) }
        )
        let cursor = try ManifestCursor(page: PageReference(chunk: page.id, level: 0), digest: nil, source: pages)
        try writer.write(try EntryWalk(cursor))
        #expect(failed == ["a", "c"])
        // Header and content of b, c and d, and the end.
        #expect(output.count == 3 * 1024 + 1024)
        let names = stride(from: 0, to: 3072, by: 1024).map { text(output[$0...].prefix { $0 != 0 }) }
        #expect(names == ["b", "c", "d"])
        #expect(output[1536..<1560].elementsEqual(bytes("some content") + [UInt8](repeating: 0, count: 12)))
    }
}
