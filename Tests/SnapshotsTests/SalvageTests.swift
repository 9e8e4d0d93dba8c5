import Cryptography
import Records
import Repository
import Snapshots
import TestSupport
import Testing

@Suite("What damaged pages leave of a manifest")
struct SalvageTests: ManifestTesting {
    /// A source that has lost some pages.
    private final class Lossy: ChunkSource {
        let pages: ManifestPages
        let lost: Set<ChunkID>

        init(pages: ManifestPages, lost: Set<ChunkID>) {
            self.pages = pages
            self.lost = lost
        }

        func load(_ id: ChunkID, type: ChunkType) throws -> [UInt8] {
            if lost.contains(id) { throw RepositoryError(.missing, "chunk \(id.hex) is in no pack") }
            return try pages.load(id, type: type)
        }
    }

    private final class Losses {
        var all: [LostEntries] = []
        func mayHold(_ path: [UInt8]) -> Bool { all.contains { $0.mayHold(path) } }
    }

    private struct Sample {
        var root: ManifestRoot
        var pages = ManifestPages()
        var all: [Entry] = []
        /// All pages but the root.
        var others: [ChunkID] = []
    }

    private func sample(seed: UInt64) throws -> Sample {
        var tree = RandomManifest(seed: seed)
        var entries = tree.entries(count: 900)
        // Directories that hold many pages, are in one page with their end, or have but their end on the next.
        for name in ["large", "large/inner", "large/inner/most"] { entries.append(directory(name)) }
        for number in 0..<1_500 {
            entries.append(Entry(path: path("large/\(number)"), kind: .fifo))
            entries.append(Entry(path: path("large/inner/most/\(number)"), kind: .socket))
        }
        entries.sort { precedes($0.path, $1.path) }
        var sample = Sample(root: ManifestRoot(id: .zero, level: 0, digest: .zero, entryCount: 0, contentBytes: 0))
        sample.root = try build(entries, into: sample.pages)
        sample.all = try listing(sample.root, sample.pages)
        sample.pages.forgetLoads()
        _ = try listing(sample.root, sample.pages)
        sample.others = sample.pages.loads.filter { $0 != sample.root.id }
        #expect(sample.others.count > 7)
        return sample
    }

    private func cursor(
        _ sample: Sample,
        without lost: Set<ChunkID>,
        _ losses: Losses,
        keepsNesting: Bool = true
    ) throws -> ManifestCursor {
        try ManifestCursor(
            page: PageReference(chunk: sample.root.id, level: UInt64(sample.root.level)),
            digest: sample.root.digest,
            source: Lossy(pages: sample.pages, lost: lost),
            verifyDigests: true,
            salvage: ManifestSalvage(keepsNesting: keepsNesting) { losses.all.append($0) }
        )
    }

    /// That each entry lies in the directory that is open, and each directory ends.
    private func requireNesting(_ entries: [Entry], below top: [UInt8] = []) {
        var open = [top]
        for entry in entries {
            if entry.kind == .directoryEnd {
                #expect(open.popLast() == entry.path)
            } else {
                let slash = entry.path.lastIndex(of: UInt8(ascii: "/")) ?? 0
                #expect(open.last == Array(entry.path[..<slash]))
                if entry.kind == .directory { open.append(entry.path) }
            }
        }
        #expect(open.count == 1)
    }

    private func isMadeUp(_ entry: Entry, in known: [[UInt8]: Entry]) -> Bool {
        entry.kind == .directory && entry.flags == .implied && entry.permissions == 0o700 && known[entry.path] != entry
    }

    @Test(arguments: [0x5a_0001, 0x5a_0002] as [UInt64])
    func allElseIsRead(seed: UInt64) throws {
        let sample = try sample(seed: seed)
        let known = Dictionary(
            uniqueKeysWithValues: sample.all.filter { $0.kind != .directoryEnd }.map { ($0.path, $0) }
        )
        var random = SeededGenerator(seed: seed)
        for round in 0..<sample.others.count + 10 {
            // Each page alone, then several at once.
            let lost =
                round < sample.others.count
                ? [sample.others[round]] : Set(sample.others.shuffled(using: &random).prefix(1 + round % 9))
            let losses = Losses()
            let read = try rest(of: cursor(sample, without: lost, losses))
            requireNesting(read)
            let real = read.filter { $0.kind != .directoryEnd && !isMadeUp($0, in: known) }
            for entry in real { #expect(known[entry.path] == entry) }
            let paths = Set(real.map(\.path))
            #expect(paths.count == real.count)
            let missing = known.keys.filter { !paths.contains($0) }
            for path in missing { #expect(losses.mayHold(path)) }
            // Pages below a lost one are lost with it, and counted there.
            #expect(losses.all.reduce(0) { $0 + ($1.entries ?? 0) } == UInt64(missing.count))
            let bytes = missing.reduce(0) { $0 + (known[$1]?.size ?? 0) }
            #expect(losses.all.reduce(0) { $0 + ($1.contentBytes ?? 0) } == bytes)
            for loss in losses.all { #expect(lost.contains(loss.page)) }
        }
    }

    @Test(arguments: [0x5a_0004, 0x5a_0005] as [UInt64])
    func passingOverDirectoriesGoesOnAsWell(seed: UInt64) throws {
        let sample = try sample(seed: seed)
        var random = SeededGenerator(seed: seed)
        for round in 0..<20 {
            let lost = Set(sample.others.shuffled(using: &random).prefix(1 + round % 7))
            let cursor = try cursor(sample, without: lost, Losses())
            var read: [Entry] = []
            var skipped: [[UInt8]] = []
            while let entry = try cursor.next() {
                read.append(entry)
                if entry.kind == .directory, Int.random(in: 0..<3, using: &random) == 0 {
                    skipped.append(entry.path)
                    try cursor.skipSubtree()
                }
            }
            requireNesting(read)
            let whole = try rest(of: self.cursor(sample, without: lost, Losses()))
            let expected = whole.filter { entry in
                !skipped.contains { $0 != entry.path && PathOrder.isPath(entry.path, atOrBelow: $0) }
            }
            let ends = { (entries: [Entry]) in entries.map { ($0.kind == .directoryEnd ? "end " : "") + "\($0.path)" } }
            #expect(ends(read) == ends(expected))
        }
    }

    @Test(arguments: [0x5a_0006] as [UInt64])
    func seekingFindsWhatIsLeft(seed: UInt64) throws {
        let sample = try sample(seed: seed)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<40 {
            let lost = Set(sample.others.shuffled(using: &random).prefix(3))
            let losses = Losses()
            let readable = Set(try rest(of: cursor(sample, without: lost, losses)))
            let target = sample.all[Int.random(in: 0..<sample.all.count, using: &random)]
            let cursor = try cursor(sample, without: lost, Losses())
            try cursor.seek(to: target.path)
            let found = try cursor.next()
            guard target.kind != .directoryEnd else { continue }
            if readable.contains(target) {
                #expect(found == target)
            } else {
                #expect(cursor.mayHaveLost(target.path))
                // A directory is there again if something of it is left.
                if found?.path == target.path { #expect(found?.kind == .directory && found?.flags == .implied) }
            }
        }
    }

    @Test(arguments: [0x5a_0007, 0x5a_0008] as [UInt64])
    func whatIsUnknownIsNoDifference(seed: UInt64) throws {
        let old = try sample(seed: seed)
        var random = SeededGenerator(seed: seed)
        var new = old
        var entries = old.all.filter { $0.kind != .directoryEnd }
        for index in entries.indices where Int.random(in: 0..<40, using: &random) == 0 {
            entries[index].permissions ^= 1
        }
        entries.removeAll { $0.kind != .directory && Int.random(in: 0..<40, using: &random) == 0 }
        new.root = try build(entries, into: new.pages)
        old.pages.forgetLoads()
        _ = try listing(new.root, new.pages)
        new.others = new.pages.loads.filter { $0 != new.root.id }
        func changes(_ lostOld: Set<ChunkID>, _ lostNew: Set<ChunkID>, _ losses: Losses) throws -> [ManifestChange] {
            let diff = ManifestDiff(
                from: try cursor(old, without: lostOld, losses, keepsNesting: false),
                to: try cursor(new, without: lostNew, losses, keepsNesting: false)
            )
            var changes: [ManifestChange] = []
            while let change = try diff.next() { changes.append(change) }
            return changes
        }
        let all = try changes([], [], Losses())
        #expect(all.count > 40)
        for round in 0..<20 {
            let losses = Losses()
            let lostOld = Set(old.others.shuffled(using: &random).prefix(round % 4))
            let lostNew = Set(new.others.shuffled(using: &random).prefix(1 + round % 3))
            let found = try changes(lostOld, lostNew, losses)
            for change in found { #expect(all.contains(change)) }
            for change in all where !found.contains(change) { #expect(losses.mayHold(change.path)) }
        }
    }

    /// A page that contradicts itself in the middle: what stands before is returned, the rest is lost.
    @Test func aLeafIsReadAsFarAsItGoes() throws {
        let pages = ManifestPages()
        let items = ["a", "b", "b", "c"].map { ForgedPage.Item(path: path($0), kind: 5) }
        let leaf = try pages.store(ForgedPage.leaf(items), type: .manifestPage)
        let good = try pages.store(
            ForgedPage.leaf([ForgedPage.Item(path: path("x"), kind: 5)]),
            type: .manifestPage
        )
        let root = try pages.store(
            ForgedPage.inner(
                [
                    ForgedPage.Child(path: path("a"), kind: 5, id: leaf, entries: 4),
                    ForgedPage.Child(path: path("x"), kind: 5, id: good, entries: 1),
                ],
                level: 1
            ),
            type: .manifestPage
        )
        let losses = Losses()
        let cursor = try ManifestCursor(
            page: PageReference(chunk: root, level: 1),
            digest: nil,
            source: pages,
            salvage: ManifestSalvage { losses.all.append($0) }
        )
        #expect(try rest(of: cursor).map(\.path) == ["a", "b", "x"].map(path))
        #expect(losses.all.map(\.entries) == [2])
        #expect(losses.mayHold(path("c")) && !losses.mayHold(path("b")) && !losses.mayHold(path("x")))
    }
}
