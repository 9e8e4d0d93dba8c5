import Cryptography
import FileSystem
import Foundation
import Records
import Repository
import TestSupport
import Testing

@testable import Snapshots

/// Directories that have another path than in the last snapshot.
@Suite struct MovedDirectoryTests {
    private func move(_ fixture: BackupFixture, _ from: String, _ to: String) throws {
        try FileManager.default.moveItem(atPath: fixture.source + "/" + from, toPath: fixture.source + "/" + to)
    }

    @Test func aRenamedDirectoryIsNotReadAgain() throws {
        let fixture = try BackupFixture()
        var random = SeededGenerator(seed: 61)
        var contents: [String: [UInt8]] = [:]
        for number in 0..<30 { contents["old/sub\(number % 4)/f\(number)"] = random.bytes(number * 311 + 1) }
        contents["old/large"] = random.bytes(6_000_000)
        contents["other/f"] = random.bytes(10)
        for (name, bytes) in contents { try fixture.write(name, bytes) }
        fixture.settle()
        let before = try fixture.entries(of: try fixture.backUp().snapshot)
        try move(fixture, "old", "a new name")
        fixture.settle()
        let summary = try fixture.backUp()
        #expect(summary.statistics.bytesRead == 0)
        #expect(summary.statistics.filesUnmodified == 32)
        let after = try fixture.entries(of: summary.snapshot)
        #expect(after["old/large"] == nil)
        for (name, bytes) in contents where name.hasPrefix("old/") {
            let entry = try #require(after["a new name/" + name.dropFirst(4)])
            #expect(entry.content == before[name]?.content)
            #expect(try fixture.content(of: entry) == bytes)
        }
        #expect(try fixture.backUp().statistics.bytesRead == 0)
    }

    @Test func directoriesMovedIntoEachOtherAndSwapped() throws {
        let fixture = try BackupFixture()
        for (index, name) in ["a/x/1", "a/x/2", "a/y/3", "b/4", "b/z/5", "c/6"].enumerated() {
            try fixture.write(name, Array("content \(index)".utf8))
        }
        fixture.settle()
        try fixture.backUp()
        // b goes into a, a's x out of it, and a and c change places.
        try move(fixture, "b", "a/b")
        try move(fixture, "a/x", "x")
        try move(fixture, "a", "tmp")
        try move(fixture, "c", "a")
        try move(fixture, "tmp", "c")
        fixture.settle()
        let summary = try fixture.backUp()
        #expect(summary.statistics.bytesRead == 0)
        let entries = try fixture.entries(of: summary.snapshot)
        for (name, text) in [
            "x/1": "content 0", "x/2": "content 1", "c/y/3": "content 2", "c/b/4": "content 3", "c/b/z/5": "content 4",
            "a/6": "content 5",
        ] {
            #expect(try fixture.content(of: try #require(entries[name])) == Array(text.utf8))
        }
    }

    @Test func whatChangedInAMovedDirectoryIsRead() throws {
        let fixture = try BackupFixture()
        for number in 0..<5 { try fixture.write("old/f\(number)", [UInt8](repeating: 1, count: 1000)) }
        fixture.settle()
        try fixture.backUp()
        try move(fixture, "old", "new")
        try fixture.write("new/f2", [UInt8](repeating: 2, count: 1000))
        try fixture.write("new/f9", [UInt8](repeating: 3, count: 77))
        try move(fixture, "new/f4", "new/renamed")
        fixture.settle()
        let summary = try fixture.backUp()
        // A file renamed by itself has a new change time, as one whose content was changed: it is read.
        #expect(summary.statistics.bytesRead == 1000 + 77 + 1000)
        let entries = try fixture.entries(of: summary.snapshot)
        #expect(try fixture.content(of: try #require(entries["new/f2"])) == [UInt8](repeating: 2, count: 1000))
        #expect(try fixture.content(of: try #require(entries["new/renamed"])) == [UInt8](repeating: 1, count: 1000))
    }

    @Test func anotherDirectoryInTheOldPlaceIsNotTakenForIt() throws {
        let fixture = try BackupFixture()
        try fixture.write("d/f", Array("first".utf8))
        fixture.settle()
        try fixture.backUp()
        try move(fixture, "d", "kept")
        try fixture.write("d/f", Array("other".utf8))
        fixture.settle()
        let entries = try fixture.entries(of: try fixture.backUp().snapshot)
        #expect(try fixture.content(of: try #require(entries["d/f"])) == Array("other".utf8))
        #expect(try fixture.content(of: try #require(entries["kept/f"])) == Array("first".utf8))
    }

    /// More directories than one sorted run holds.
    @Test func everyDirectoryIsFound() throws {
        let place = try TemporaryDirectory()
        let dataset = try #require(DatasetID([UInt8](repeating: 1, count: 16)))
        let status = try place.directory.status()
        let writer = try FileCacheWriter(directory: place.directory, dataset: dataset)
        let count = 2 * FileCache.runCount + 1000
        var random = SeededGenerator(seed: 62)
        let inodes = (0..<count).map { UInt64($0) << 20 | random.next() & 0xfffff }.shuffled(using: &random)
        for (number, inode) in inodes.enumerated() {
            var stat = StatRecord(status)
            stat.inode = inode
            let path = Array("d\(10_000_000 + number)".utf8)
            try writer.add(Entry(path: path, kind: .directory), stat, treeChunks: [])
        }
        let thin = (0..<3).compactMap { Digest([UInt8](repeating: UInt8($0), count: 32)) }
        writer.thinBundles = thin.reversed()
        try writer.commit()
        let cache = try #require(FileCache(directory: place.directory, dataset: dataset))
        #expect(cache.thinBundles() == Set(thin))
        var offsets: Set<Int> = []
        for inode in inodes {
            let found = cache.recordOffset(of: FileIdentity(device: StatRecord(status).device, inode: inode))
            offsets.insert(try #require(found))
        }
        #expect(offsets.count == count)
        #expect(cache.recordOffset(of: FileIdentity(device: 1, inode: 1)) == nil)
        #expect(cache.recordOffset(of: FileIdentity(device: StatRecord(status).device, inode: .max)) == nil)
    }
}
