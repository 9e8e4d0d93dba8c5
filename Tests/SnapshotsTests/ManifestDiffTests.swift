import Cryptography
import Records
import Repository
import Snapshots
import TestSupport
import Testing

@Suite("Difference of two manifests")
struct ManifestDiffTests: ManifestTesting {
    private func changes(_ old: ManifestRoot, _ new: ManifestRoot, _ pages: ManifestPages) throws -> [ManifestChange] {
        let diff = ManifestDiff(
            from: try ManifestCursor(root: old, source: pages),
            to: try ManifestCursor(root: new, source: pages)
        )
        var changes: [ManifestChange] = []
        while let change = try diff.next() { changes.append(change) }
        return changes
    }

    /// The difference by its definition: two dictionaries.
    private func naive(_ old: [Entry], _ new: [Entry]) -> [ManifestChange] {
        let oldByPath = Dictionary(uniqueKeysWithValues: old.map { ($0.path, $0) })
        let newByPath = Dictionary(uniqueKeysWithValues: new.map { ($0.path, $0) })
        let paths = Set(oldByPath.keys).union(newByPath.keys).sorted(by: precedes)
        return paths.compactMap { path in
            switch (oldByPath[path], newByPath[path]) {
            case (let old?, let new?):
                let aspects = old.aspects(changedIn: new)
                return aspects.isEmpty ? nil : .changed(old: old, new: new, aspects)
            case (let old?, nil): return .removed(old)
            case (nil, let new?): return .added(new)
            case (nil, nil): return nil
            }
        }
    }

    /// Changes some entries, removes some with what is below, adds some.
    private func mutated(_ entries: [Entry], _ tree: inout RandomManifest, rate: Int) -> [Entry] {
        var result: [[UInt8]: Entry] = [:]
        let known = Set(entries.map(\.path))
        // What is below a removed entry follows it, so the last one removed is enough.
        var removed: [UInt8]?
        for entry in entries {
            if let removed, PathOrder.isPath(entry.path, atOrBelow: removed) { continue }
            switch tree.number(rate) {
            case 0: removed = entry.path
            case 1:
                var changed = entry
                changed.permissions ^= 1
                result[entry.path] = changed
            case 2 where entry.kind == .directory:
                result[entry.path] = entry
                let path = entry.path + path("/") + tree.name()
                if !known.contains(path) { result[path] = tree.entry(path) }
            case 3 where entry.kind == .directory:
                // A directory becomes something else; what was below it goes.
                result[entry.path] = file(entry.path)
                removed = entry.path
            case 4 where entry.kind == .regular: result[entry.path] = file(entry.path, size: 77)
            case 5 where entry.kind != .directory: result[entry.path] = Entry(path: entry.path, kind: .directory)
            default: result[entry.path] = entry
            }
        }
        return result.values.sorted { precedes($0.path, $1.path) }
    }

    @Test(arguments: [6, 100, 1_000], [0xd1_0001, 0xd1_0002, 0xd1_0003] as [UInt64])
    func equalsANaiveDifference(rate: Int, seed: UInt64) throws {
        var tree = RandomManifest(seed: seed)
        let old = tree.entries(count: 800)
        let new = mutated(old, &tree, rate: rate)
        let pages = ManifestPages()
        let oldRoot = try build(old, into: pages)
        let newRoot = try build(new, into: pages)
        #expect(try changes(oldRoot, newRoot, pages) == naive(old, new))
        #expect(try changes(newRoot, oldRoot, pages) == naive(new, old))
        #expect(try changes(oldRoot, oldRoot, pages).isEmpty)
    }

    @Test func differsFromAnEmptyManifestByEverything() throws {
        var tree = RandomManifest(seed: 0xd1_0004)
        let entries = tree.entries(count: 700)
        let pages = ManifestPages()
        let empty = try build([], into: pages)
        let full = try build(entries, into: pages)
        #expect(try changes(empty, full, pages) == entries.map { .added($0) })
        #expect(try changes(full, empty, pages) == entries.map { .removed($0) })
    }

    @Test func readsOnlyWhatDiffers() throws {
        var entries = (0..<20_000).map { Entry(path: path(String($0)), kind: .fifo) }
        entries.sort { precedes($0.path, $1.path) }
        let pages = ManifestPages()
        let old = try build(entries, into: pages)
        entries[7_000].userID = 7
        entries.append(Entry(path: path("zz"), kind: .fifo))
        let new = try build(entries, into: pages)
        pages.forgetLoads()
        let found = try changes(old, new, pages)
        #expect(found.map(\.path) == [entries[7_000].path, path("zz")])
        #expect(pages.loads.count <= 2 * (1 + 2 * old.level + 1))
        #expect(pages.ids(level: 0).count > 40)
    }

    @Test func passesOverWhatIsOnlyStoredElsewhere() throws {
        var entries = (0..<5_000).map { file(String($0), chunk: 1) }
        entries.sort { precedes($0.path, $1.path) }
        let pages = ManifestPages()
        let old = try build(entries, into: pages)
        for index in entries.indices { entries[index].content = .inline([.chunk(.numbered(2), offset: 9, length: 5)]) }
        entries[3].permissions = 0
        let new = try build(entries, into: pages)
        pages.forgetLoads()
        #expect(try changes(old, new, pages).map(\.path) == [entries[3].path])
        #expect(pages.loads.count == 2 * (old.level + 1))
    }
}
