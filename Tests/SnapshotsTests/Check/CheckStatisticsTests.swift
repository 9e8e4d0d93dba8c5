import Cryptography
import Foundation
import Repository
import TestSupport
import Testing

@testable import Snapshots

/// How much there is, in each way of counting.
@Suite struct CheckStatisticsTests {
    private func fixture() throws -> (CheckFixture, [Snapshot]) {
        let fixture = try CheckFixture()
        var random = SeededGenerator(seed: 81)
        let same = random.bytes(5000)
        try fixture.write("a", same)
        try fixture.write("d/copy", same)
        try fixture.write("d/other", [UInt8](repeating: 0x20, count: 400_000))
        try fixture.write("empty", [])
        try fixture.write("empty2", [])
        try FileManager.default.linkItem(atPath: fixture.source + "/a", toPath: fixture.source + "/hard")
        try FileManager.default.createSymbolicLink(
            atPath: fixture.source + "/link",
            withDestinationPath: "a"
        )
        try fixture.backUp()
        try fixture.write("new", random.bytes(300_000))
        try fixture.backUp()
        return (fixture, try SnapshotList.load(try fixture.open()).snapshots)
    }

    @Test func restoreSizeCountsWhatIsWritten() throws {
        let (fixture, snapshots) = try fixture()
        let one = try RepositoryStatistics.restoreSize(of: [snapshots[0]], in: try fixture.open())
        #expect(one.snapshots == 1)
        #expect(one.files == 6)
        // Both names of one inode are written once.
        #expect(one.bytes == 5000 + 5000 + 400_000)
        #expect(one.entries == snapshots[0].details.statistics.entries)
        let both = try RepositoryStatistics.restoreSize(of: snapshots, in: try fixture.open())
        #expect(both.snapshots == 2)
        #expect(both.bytes == one.bytes * 2 + 300_000)
    }

    @Test func filesByContentsCountsEachContentOnce() throws {
        let (fixture, snapshots) = try fixture()
        let both = try RepositoryStatistics.filesByContents(of: snapshots, in: try fixture.open())
        #expect(both.files == 4)
        #expect(both.bytes == 5000 + 400_000 + 300_000)
    }

    @Test func rawDataCountsWhatIsStored() throws {
        let (fixture, snapshots) = try fixture()
        let repository = try fixture.open()
        let all = try RepositoryStatistics.rawData(in: repository)
        let packs = try repository.listPacks()
        #expect(all.packs == packs.count)
        #expect(all.packBytes == packs.values.reduce(0, +))
        #expect(all.chunks == UInt64(try repository.loadIndex().entryCount))
        #expect(all.storedBytes < all.plainBytes)
        #expect(all.compressionRatio > 1)
        let overhead = try #require(all.overheadBytes)
        #expect(overhead > 0)
        #expect(overhead + all.storedBytes == all.packBytes)
        // Two snapshots together need everything, the first alone less.
        let both = try RepositoryStatistics.rawData(of: snapshots, in: repository)
        #expect(both.chunks == all.chunks)
        #expect(both.storedBytes == all.storedBytes)
        #expect(both.packs == nil)
        let first = try RepositoryStatistics.rawData(of: [snapshots[0]], in: repository)
        #expect(first.dataChunks < both.dataChunks)
        #expect(first.storedBytes + 300_000 <= both.storedBytes)
    }

    @Test func withoutIndexFragmentsTheCountsAreTheSame() throws {
        let (fixture, snapshots) = try fixture()
        let all = try RepositoryStatistics.rawData(in: try fixture.open())
        let both = try RepositoryStatistics.rawData(of: snapshots, in: try fixture.open())
        for name in try fixture.names("index/") { fixture.store.overwrite(name, with: nil) }
        #expect(try RepositoryStatistics.rawData(in: try fixture.open()) == all)
        #expect(try RepositoryStatistics.rawData(of: snapshots, in: try fixture.open()) == both)
    }

    @Test("contents are counted exactly, however few are held at a time", arguments: [1, 2, 3, 10, 999, 5000])
    func distinctContents(limit: Int) throws {
        var random = SeededGenerator(seed: 82)
        var files: [(Digest, UInt64)] = []
        for _ in 0..<1000 {
            let hash = try #require(Digest(random.bytes(32)))
            // One in two occurs several times.
            for _ in 0...(random.next() % 3) { files.append((hash, hash.prefix64 % 1000)) }
        }
        let expected = Dictionary(files, uniquingKeysWith: { first, _ in first })
        var counter = DistinctContents(limit: limit)
        var passes = 0
        repeat {
            passes += 1
            for (hash, size) in files { counter.add(hash, size: size) }
        } while counter.finishPass()
        #expect(counter.count == 1000)
        #expect(counter.bytes == expected.values.reduce(0, +))
        #expect((passes > 1) == (limit < 1000))
    }

    @Test func nothingAtAllIsCountedAsNothing() throws {
        let fixture = try CheckFixture()
        let repository = try fixture.open()
        #expect(try RepositoryStatistics.restoreSize(of: [], in: repository).entries == 0)
        #expect(try RepositoryStatistics.filesByContents(of: [], in: repository).files == 0)
        let raw = try RepositoryStatistics.rawData(in: repository)
        #expect(raw.chunks == 0)
        #expect(raw.compressionRatio == 1)
    }
}
