import Records
import Repository
import Snapshots
import TestSupport
import Testing

@Suite("Moving about in a manifest")
struct ManifestCursorTests: ManifestTesting {
    /// A tree of several levels, with a large directory in the middle.
    private func sample(seed: UInt64) throws -> (ManifestRoot, ManifestPages, [Entry]) {
        var tree = RandomManifest(seed: seed)
        var entries = tree.entries(count: 800)
        entries.append(directory("large"))
        for number in 0..<3_000 { entries.append(Entry(path: path("large/\(number)"), kind: .fifo)) }
        entries.sort { precedes($0.path, $1.path) }
        let pages = ManifestPages()
        let root = try build(entries, into: pages)
        #expect(root.level >= 1)
        return (root, pages, try listing(root, pages))
    }

    @Test(arguments: [0xc0_0001, 0xc0_0002] as [UInt64])
    func seekingEqualsFiltering(seed: UInt64) throws {
        let (root, pages, all) = try sample(seed: seed)
        let cursor = try ManifestCursor(root: root, source: pages, verifyDigests: true)
        var random = SeededGenerator(seed: seed)
        var targets: [[UInt8]] = [[], path("\u{1}"), path("zzzz"), path("large"), path("large/"), path("large/~")]
        for _ in 0..<60 {
            let target = all[Int.random(in: 0..<all.count, using: &random)].path
            targets += [target, target + [0], target + path("/"), Array(target.dropLast())]
        }
        for target in targets {
            try cursor.seek(to: target)
            let expected = all.first { PathOrder.compare($0.path, $0.kind, target, .regular) >= 0 }
            #expect(try cursor.next() == expected, "\(target)")
        }
        for target in targets.prefix(8) {
            try cursor.seek(to: target)
            let expected = all.drop { PathOrder.compare($0.path, $0.kind, target, .regular) < 0 }
            #expect(try rest(of: cursor) == Array(expected))
        }
    }

    @Test(arguments: [0xc0_0003, 0xc0_0004] as [UInt64])
    func skippingEqualsFiltering(seed: UInt64) throws {
        let (root, pages, all) = try sample(seed: seed)
        for oneIn in [1, 3, 20] {
            var random = SeededGenerator(seed: seed)
            let cursor = try ManifestCursor(root: root, source: pages, verifyDigests: true)
            var read: [Entry] = []
            var skipped: [[UInt8]] = []
            while let entry = try cursor.next() {
                read.append(entry)
                if entry.kind == .directory, Int.random(in: 0..<oneIn, using: &random) == 0 {
                    skipped.append(entry.path)
                    try cursor.skipSubtree()
                }
            }
            let expected = all.filter { entry in
                !skipped.contains { $0 != entry.path && PathOrder.isPath(entry.path, atOrBelow: $0) }
            }
            #expect(read == expected)
        }
    }

    @Test func skippingLoadsOnlyTheWayToTheEnd() throws {
        let (root, pages, _) = try sample(seed: 0xc0_0005)
        let cursor = try ManifestCursor(root: root, source: pages)
        try cursor.seek(to: path("large"))
        #expect(try cursor.next()?.kind == .directory)
        pages.forgetLoads()
        try cursor.skipSubtree()
        #expect(pages.loads.count <= root.level + 1)
        let end = try #require(try cursor.next())
        #expect(end.kind == .directoryEnd)
        #expect(end.entryCount == 3_000)
    }

    @Test func seekingLoadsOneWayDown() throws {
        let (root, pages, _) = try sample(seed: 0xc0_0006)
        let cursor = try ManifestCursor(root: root, source: pages)
        pages.forgetLoads()
        try cursor.seek(to: path("large/2000"))
        #expect(try cursor.next()?.path == path("large/2000"))
        #expect(pages.loads.count <= root.level + 1)
    }

    @Test func onlyADirectoryJustReturnedCanBeSkipped() throws {
        let pages = ManifestPages()
        let root = try build([directory("d"), file("d/f")], into: pages)
        let cursor = try ManifestCursor(root: root, source: pages)
        #expect(throws: ManifestError.self) { try cursor.skipSubtree() }
        _ = try cursor.next()
        _ = try cursor.next()
        #expect(throws: ManifestError.self) { try cursor.skipSubtree() }
    }

    @Test func theBuilderRefusesWhatIsOutOfPlaceAndGoesOn() throws {
        let pages = ManifestPages()
        let builder = try ManifestBuilder(sink: pages)
        try builder.add(directory("d"))
        try builder.add(file("d/m"))
        let refused: [(Entry, ManifestError.Code)] = [
            (file("d/m"), .outOfOrder), (file("d/a"), .outOfOrder), (file("e"), .nesting), (file("d/m/x"), .nesting),
            (file("d/n/x"), .nesting), (file("d/.."), .invalidPath), (file("d/"), .invalidPath), (end("e"), .nesting),
            (Entry(path: path("d/z"), kind: .symbolicLink), .invalidEntry),
        ]
        for (entry, code) in refused {
            #expect { try builder.add(entry) } throws: { ($0 as? ManifestError)?.code == code }
        }
        #expect(throws: ManifestError.self) { try builder.finish() }
        try builder.add(file("d/n"))
        try builder.endDirectory()
        #expect(throws: ManifestError.self) { try builder.endDirectory() }
        let root = try builder.finish()
        #expect(throws: ManifestError.self) { try builder.add(file("z")) }
        #expect(try listing(root, pages).map(\.path) == ["d", "d/m", "d/n", "d"].map(path))
    }
}
