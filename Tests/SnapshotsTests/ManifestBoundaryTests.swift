import Cryptography
import Records
import Repository
import Snapshots
import TestSupport
import Testing

@Suite("Boundaries of manifest pages")
struct ManifestBoundaryTests: ManifestTesting {
    /// Files with names that do not sort by number.
    private func names(_ count: Int, seed: UInt64) -> [[UInt8]] {
        var random = SeededGenerator(seed: seed)
        return Set((0..<count).map { _ in path(String(random.next(), radix: 36)) }).sorted(by: precedes)
    }

    private func newPages(_ pages: ManifestPages, than old: ManifestPages, level: UInt8) -> Int {
        pages.ids(level: level).subtracting(old.ids(level: level)).count
    }

    @Test func changedMetadataChangesOneLeafAndItsAncestors() throws {
        var entries = names(100_000, seed: 0xb0_0001).map { Entry(path: $0, kind: .fifo) }
        let before = ManifestPages()
        let root = try build(entries, into: before)
        entries[54_321].modifiedSeconds = 1
        let after = ManifestPages()
        let changed = try build(entries, into: after)
        #expect(root.level == changed.level)
        #expect(root.level >= 1)
        for level in 0...root.level { #expect(newPages(after, than: before, level: UInt8(level)) == 1) }
    }

    @Test func longerFieldsMoveNoBoundary() throws {
        let names = names(20_000, seed: 0xb0_0002)
        let short = ManifestPages()
        let long = ManifestPages()
        let first = try build(names.map { Entry(path: $0, kind: .fifo) }, into: short)
        let second = try build(
            names.map { name in
                var entry = Entry(path: name, kind: .fifo)
                entry.userName = "someone else"
                return entry
            },
            into: long
        )
        #expect(first.level == second.level)
        #expect(short.ids(level: 0).count == long.ids(level: 0).count)
        #expect(short.ids(level: 1).count == long.ids(level: 1).count)
        #expect(short.ids(level: 0).count > 40)
    }

    @Test(arguments: [0, 7_777, 20_000])
    func anInsertedEntryChangesAtMostTwoLeavesAndTheirAncestors(position: Int) throws {
        let names = names(20_000, seed: 0xb0_0003)
        let before = ManifestPages()
        let root = try build(names.map { Entry(path: $0, kind: .socket) }, into: before)
        var inserted = names
        let new = position == names.count ? path("zzz") : names[position].dropLast() + [0x20]
        inserted.append(Array(new))
        inserted.sort(by: precedes)
        let after = ManifestPages()
        let changed = try build(inserted.map { Entry(path: $0, kind: .socket) }, into: after)
        #expect(changed.entryCount == root.entryCount + 1)
        for level in 0...changed.level {
            #expect((1...2).contains(newPages(after, than: before, level: UInt8(level))), "level \(level)")
        }
    }

    @Test func anEntryInADirectoryAlsoChangesTheEndsAboveIt() throws {
        var entries: [Entry] = []
        for top in 0..<20 {
            entries.append(directory("d\(top)"))
            for name in names(500, seed: UInt64(top)) {
                entries.append(Entry(path: path("d\(top)/") + name, kind: .fifo))
            }
        }
        entries.sort { precedes($0.path, $1.path) }
        let before = ManifestPages()
        _ = try build(entries, into: before)
        entries[5_000].permissions = 0o600
        let after = ManifestPages()
        _ = try build(entries, into: after)
        #expect((1...2).contains(newPages(after, than: before, level: 0)))
    }

    @Test func leavesEndAtTheirBounds() throws {
        // Entries of 2 KiB: some pages get to 128 KiB before a hash of a path ends them.
        let pages = ManifestPages()
        let entries = names(2_000, seed: 0xb0_0004).map { name in
            var entry = Entry(path: name, kind: .fifo)
            entry.attributes = .inline([
                ExtendedAttribute(name: path("user.long"), value: [UInt8](repeating: 1, count: 2_000))
            ])
            return entry
        }
        _ = try build(entries, into: pages)
        for id in pages.ids(level: 0) { #expect((pages.bytes(id)?.count ?? 0) < (128 << 10) + 3_000) }
        #expect(pages.ids(level: 0).contains { (pages.bytes($0)?.count ?? 0) >= 128 << 10 })
    }

    @Test func aLeafThatNoHashEndsHoldsAtMost4096Entries() throws {
        let prefix = Array("holdfast/v1/page\0".utf8) + [EntryKind.fifo.rawValue]
        let unpicked = try (0..<5_100).map { path(String(100_000 + $0)) }.filter { name in
            let message = prefix + name
            let hash = try unsafe SHA256.hash(message.span.bytes)
            return hash.bytes[0] != 0
        }
        #expect(unpicked.count > 4_096)
        let pages = ManifestPages()
        let root = try build(unpicked.map { Entry(path: $0, kind: .fifo) }, into: pages)
        let counts = try pages.ids(level: 0).map { id in
            var reader = ByteReader(Array(try #require(pages.bytes(id)).dropFirst(2)), what: "leaf")
            return try reader.varint()
        }
        #expect(counts.sorted() == [UInt64(unpicked.count) - 4_096, 4_096])
        #expect(root.level == 1)
    }
}
