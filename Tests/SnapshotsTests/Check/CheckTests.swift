import Chunking
import Cryptography
import FileSystem
import Foundation
import ObjectStorage
import Records
import Repository
import Snapshots
import TestSupport
import Testing

/// What a check finds, and what it does not.
@Suite struct CheckTests {
    /// Three snapshots: a few large files, many small ones, and one that changes.
    private func fixture() throws -> (CheckFixture, [ObjectHash]) {
        let fixture = try CheckFixture()
        var random = SeededGenerator(seed: 51)
        for number in 0..<3 { try fixture.write("large/\(number)", random.bytes(300_000)) }
        for number in 0..<40 { try fixture.write("small/\(number % 7)/\(number)", random.bytes(500)) }
        var ids: [ObjectHash] = []
        for number in 0..<3 {
            try fixture.write("changing", random.bytes(200_000 + number))
            ids.append(try fixture.backUp())
        }
        return (fixture, ids)
    }

    @Test func aGoodRepositoryHasNoProblems() throws {
        let (fixture, ids) = try fixture()
        let structure = try fixture.check()
        #expect(structure.problems.isEmpty)
        #expect(structure.summary.isGood)
        #expect(structure.summary.commits == ids.count)
        #expect(structure.summary.snapshots == ids.count)
        #expect(structure.summary.packsRead == 0)
        #expect(structure.summary.unreferencedPacks == 0)
        #expect(structure.summary.packsWithoutIndex == 0)
        let all = try fixture.check(nil, .all)
        #expect(all.problems.isEmpty)
        #expect(all.summary.packsRead == all.summary.packs)
        #expect(all.summary.bytesRead == all.summary.packBytes)
        #expect(all.summary.chunksRead == (try fixture.open().loadIndex().entryCount))
        #expect(all.summary.objects == (try fixture.names().count))
        let keyless = try fixture.checkWithoutKeys(nil, .all)
        #expect(keyless.problems.isEmpty)
        #expect(keyless.summary.packsRead == all.summary.packs)
        #expect(keyless.summary.commits == ids.count)
    }

    @Test func pagesThatSnapshotsShareAreReadOnce() throws {
        let fixture = try CheckFixture()
        for number in 0..<3000 { try fixture.write("d\(number % 10)/file-\(number)", []) }
        try fixture.backUp()
        let one = try fixture.check()
        #expect(one.summary.pages > 5)
        try fixture.backUp()
        #expect(try fixture.check().summary.pages == one.summary.pages)
        #expect(try fixture.check().summary.snapshots == 2)
        try fixture.write("d5/file-new", [])
        try fixture.backUp()
        let three = try fixture.check()
        #expect(three.problems.isEmpty)
        #expect(three.summary.snapshots == 3)
        #expect(three.summary.pages > one.summary.pages)
        // New are at most: the leaf of the name, and a second one if the name cuts it; the leaves of the ends of the five
        // directories above it (d5 and, beside one another unless a cut lies between them, those outside); the root.
        #expect(three.summary.pages < one.summary.pages + 9)
    }

    @Test func aLostPackIsTiedToItsSnapshotsAndFiles() throws {
        let (fixture, ids) = try fixture()
        let repository = try fixture.open()
        let index = try repository.loadIndex()
        // The chunks that only the first snapshot has: the first content of the file that changes.
        let list = try SnapshotList.load(repository)
        let source = try RepositoryChunkSource(repository: repository, index: index)
        func chunks(of id: ObjectHash, _ name: String) throws -> [ChunkID] {
            let snapshot = try #require(list.snapshots.first { $0.id == id })
            let cursor = try ManifestCursor(page: snapshot.commit.root, digest: nil, source: source)
            try cursor.seek(to: fixture.path(name))
            var extents = ExtentReader(try #require(try cursor.next()), source: source)
            var chunks: [ChunkID] = []
            while let extent = try extents.next() {
                if case .chunk(let chunk, offset: _, length: _) = extent { chunks.append(chunk) }
            }
            return chunks
        }
        let chunk = try #require(try chunks(of: ids[0], "changing").first)
        let pack = try #require(try index.locations(of: chunk).first).pack
        let name = try ObjectName(ObjectNames.pack(pack))
        let bytes = try #require(fixture.store.contents[name])
        fixture.store.overwrite(name, with: nil)
        let found = try fixture.check()
        #expect(!found.summary.isGood)
        #expect(found.kinds(.error) == [.packMissing, .chunkMissing])
        let lost = try #require(found.first(.packMissing))
        #expect(lost.object == name.path)
        #expect(lost.snapshots.contains(ids[0]))
        let files = try #require(found.first(.chunkMissing))
        #expect(files.snapshots.contains(ids[0]))
        #expect(files.paths.contains(fixture.path("changing")))
        // Without keys the pack is missed as well.
        #expect(try fixture.checkWithoutKeys().kinds(.error) == [.packMissing])
        // Cut off by a byte: another length.
        fixture.store.overwrite(name, with: bytes.dropLast())
        #expect(try fixture.check().kinds(.error).contains(.packLength))
        #expect(try fixture.checkWithoutKeys().kinds(.error) == [.packLength])
        fixture.store.overwrite(name, with: bytes)
        #expect(try fixture.check(nil, .all).problems.isEmpty)
    }

    @Test func aDamagedChunkIsTiedToItsFile() throws {
        let (fixture, ids) = try fixture()
        let repository = try fixture.open()
        for name in try fixture.names("packs/") {
            guard case .pack(let pack)? = ObjectNames.parse(name.path) else { continue }
            let whole = try #require(fixture.store.contents[name])
            let directory = try repository.readPackDirectory(PackReference(name: pack, byteCount: UInt64(whole.count)))
            guard directory.type == .data else { continue }
            var damaged = whole
            damaged[Int(directory.framesOffset) + 5] ^= 0x10
            fixture.store.overwrite(name, with: damaged)
            // Nothing is wrong with the structure, and all with the data.
            #expect(try fixture.check().problems.isEmpty)
            let found = try fixture.check(nil, .all)
            #expect(found.kinds(.error) == [.packDamaged, .chunkDamaged])
            let files = try #require(found.first(.chunkDamaged))
            #expect(!files.paths.isEmpty)
            #expect(!files.snapshots.isEmpty)
            #expect(Set(files.snapshots).isSubset(of: ids))
            // Exactly the files that need the first chunk.
            #expect(try self.files(fixture, with: directory.entries[0].id) == Set(files.paths))
            #expect(try fixture.checkWithoutKeys(nil, .all).kinds(.error) == [.packDamaged])
            fixture.store.overwrite(name, with: whole)
        }
    }

    /// Paths that refer to a chunk in any snapshot.
    private func files(_ fixture: CheckFixture, with chunk: ChunkID) throws -> Set<[UInt8]> {
        let repository = try fixture.open()
        let source = try RepositoryChunkSource(repository: repository, index: try repository.loadIndex())
        var paths: Set<[UInt8]> = []
        for snapshot in try SnapshotList.load(repository).snapshots {
            let cursor = try ManifestCursor(page: snapshot.commit.root, digest: nil, source: source)
            while let entry = try cursor.next() {
                var extents = ExtentReader(entry, source: source)
                while let extent = try extents.next() {
                    if case .chunk(chunk, offset: _, length: _) = extent { paths.insert(entry.path) }
                }
            }
        }
        return paths
    }

    @Test func aDamagedChunkWithAnotherCopyHarmsNoFile() throws {
        let fixture = try CheckFixture()
        var random = SeededGenerator(seed: 52)
        try fixture.write("file", random.bytes(300_000))
        try fixture.backUp()
        let first = try fixture.names("packs/")
        // Without its lists the member does not know its own packs, and stores everything again.
        let lists = try fixture.names("packlists/").map { ($0, fixture.store.contents[$0]) }
        for (name, _) in lists { fixture.store.overwrite(name, with: nil) }
        try fixture.backUp { $0.rereadsAll = true }
        for (name, bytes) in lists { fixture.store.overwrite(name, with: bytes) }
        let second = try fixture.names("packs/").filter { !first.contains($0) }
        #expect(second.count == first.count)
        func damage(_ names: [ObjectName]) throws {
            for name in names {
                var bytes = try #require(fixture.store.contents[name])
                bytes[bytes.count / 2] ^= 1
                fixture.store.overwrite(name, with: bytes)
            }
        }
        try damage(first)
        let one = try fixture.check(nil, .all)
        #expect(one.kinds(.error) == [.packDamaged])
        #expect(one.summary.snapshots == 2)
        // Of the other copies that of the file, so that the manifest can still be read.
        try damage(second.filter { fixture.store.contents[$0]?.count ?? 0 > 200_000 })
        let both = try fixture.check(nil, .all)
        #expect(both.kinds(.error).isSuperset(of: [.packDamaged, .chunkDamaged]))
        #expect(both.first(.chunkDamaged)?.paths == [fixture.path("file")])
    }

    @Test func damagedPaddingHarmsNoChunk() throws {
        let (fixture, _) = try fixture()
        let name = try #require(try fixture.names("packs/").first)
        let whole = try #require(fixture.store.contents[name])
        guard case .pack(let pack)? = ObjectNames.parse(name.path) else { return }
        let directory = try fixture.open().readPackDirectory(
            PackReference(name: pack, byteCount: UInt64(whole.count))
        )
        let end = directory.entries.reduce(Int(directory.framesOffset)) { $0 + $1.frameLength }
        let directoryStart = whole.count - 24 - 16 - 4 - directory.entries.count * 44
        try #require(directoryStart > end)
        var damaged = whole
        damaged[end] ^= 1
        fixture.store.overwrite(name, with: damaged)
        let found = try fixture.check(nil, .all)
        #expect(found.kinds(.error) == [.packDamaged])
        #expect(found.first(.packDamaged)?.message.contains("are whole") ?? false)
    }

    @Test func missingFragmentsAreOnlyWarnedOf() throws {
        let (fixture, ids) = try fixture()
        for name in try fixture.names("index/") { fixture.store.overwrite(name, with: nil) }
        let found = try fixture.check(nil, .all)
        #expect(found.errors.isEmpty)
        #expect(found.kinds(.warning) == [.index])
        #expect(found.summary.snapshots == ids.count)
        #expect(found.summary.packsWithoutIndex == found.summary.packs)
        #expect(found.summary.packsRead == found.summary.packs)
    }

    @Test func aMissingPackListIsTiedToItsSnapshots() throws {
        let (fixture, _) = try fixture()
        for name in try fixture.names("packlists/") {
            let whole = try #require(fixture.store.contents[name])
            fixture.store.overwrite(name, with: nil)
            let found = try fixture.check()
            #expect(found.kinds(.error) == [.packList])
            #expect(!(found.first(.packList)?.snapshots.isEmpty ?? true))
            #expect(try fixture.checkWithoutKeys().kinds(.error) == [.packList])
            fixture.store.overwrite(name, with: whole)
        }
    }

    @Test func strayAndUnreferencedObjectsAreNoDamage() throws {
        let (fixture, _) = try fixture()
        try fixture.store.put(ObjectName("notes/readme.txt"), [1])
        // What an interrupted run leaves: packs and lists without a commit.
        let repository = try fixture.open()
        let run = try WriteRun.begin(repository)
        var identifier = try ChunkIdentifier(keys: run.keys)
        var encoder = try ChunkEncoder(compression: .standard, verifies: true)
        let bytes: [UInt8] = [9, 9, 9]
        _ = try unsafe run.store(bytes.span.bytes, type: .data, identifier: &identifier, encoder: &encoder)
        run.abandon()
        let found = try fixture.check(nil, .all)
        #expect(found.errors.isEmpty)
        #expect(found.kinds(.warning) == [.unknownObject])
        #expect(found.summary.unreferencedPacks == 1)
        #expect(found.summary.unreferencedPackBytes > 0)
        // Garbage that is lost is no loss.
        for name in try fixture.names("packs/") {
            guard case .pack(let hash)? = ObjectNames.parse(name.path) else { continue }
            let pack = PackReference(name: hash, byteCount: try fixture.store.byteCount(of: name))
            if try repository.readPackDirectory(pack).entries.contains(where: { $0.plainLength == 3 }) {
                fixture.store.overwrite(name, with: nil)
            }
        }
        let less = try fixture.check()
        #expect(less.errors.isEmpty)
        #expect(less.kinds(.warning) == [.unknownObject, .packMissing])
    }

    @Test func aDiskThatCannotReadOneObjectDoesNotHideTheRest() throws {
        let (fixture, _) = try fixture()
        let bad = try #require(try fixture.names("packs/").first)
        let failing = FaultyStore(
            fixture.store,
            rules: [.init(.read, prefix: bad.path, .fail(StorageError(.other, "input/output error", object: bad)))]
        )
        let found = try fixture.check(failing, .all)
        #expect(!found.summary.isGood)
        #expect(found.errors.allSatisfy { $0.object == bad.path || $0.kind == .manifest || $0.kind == .chunkDamaged })
        #expect(found.summary.packsRead == found.summary.packs)
        // A store that is not there at all is another matter.
        let away = FaultyStore(
            fixture.store,
            rules: [.init(.read, prefix: "commits/", .fail(StorageError(.unavailable, "no route")))]
        )
        #expect(throws: StorageError.self) { try fixture.check(away) }
    }

    @Test func cancellingEndsACheck() throws {
        let (fixture, _) = try fixture()
        let repository = try fixture.open(environment: RepositoryEnvironment(isCancelled: { true }))
        let error = #expect(throws: RepositoryError.self) { try CheckFixture.check(repository, .all) }
        #expect(error?.code == .cancelled)
    }
}
