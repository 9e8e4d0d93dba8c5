import Cryptography
import Records
import Repository
import Snapshots
import TestSupport
import Testing

/// Lies that pages tell about each other, and entries about their content: row 11 of the acceptance suite.
@Suite("Hostile manifest trees")
struct ManifestHostileTreeTests: ManifestTesting {
    private func code(_ body: () throws -> Void) -> ManifestError.Code? {
        do { try body() } catch let error as ManifestError { return error.code } catch {}
        return nil
    }

    private func read(_ pages: ManifestPages, _ root: ChunkID, level: UInt64, verify: Bool = true) throws {
        let reference = PageReference(chunk: root, level: level)
        let cursor = try ManifestCursor(page: reference, digest: nil, source: pages, verifyDigests: verify)
        while try cursor.next() != nil {}
    }

    @Test func aPageThatContainsItselfRow11() {
        let pages = ManifestPages()
        let id = Digest.numbered(1)
        for level: UInt8 in 1...7 {
            pages.forge(ForgedPage.inner([.init(path: path("a"), id: id)], level: level), as: id)
            #expect(code { try read(pages, id, level: UInt64(level)) } == .levelMismatch)
        }
    }

    @Test func aPageThatStandsTwiceRow11() throws {
        let pages = ManifestPages()
        let leaf = Digest.numbered(2)
        let id = Digest.numbered(1)
        pages.forge(ForgedPage.leaf([.init(path: path("a"), kind: 5)]), as: leaf)
        let children: [ForgedPage.Child] = [
            .init(path: path("a"), kind: 5, id: leaf), .init(path: path("b"), kind: 5, id: leaf),
        ]
        pages.forge(ForgedPage.inner(children, level: 1), as: id)
        // The second time it does not begin with the entry that it should.
        #expect(code { try read(pages, id, level: 1, verify: false) } == .malformed)
        pages.forge(ForgedPage.inner([children[0], children[0]], level: 1), as: id)
        #expect(code { try read(pages, id, level: 1, verify: false) } == .outOfOrder)
    }

    @Test func aTreeHigherThanAnyRow11() {
        let pages = ManifestPages()
        let id = Digest.numbered(1)
        pages.forge(ForgedPage.inner([.init(path: path("a"), id: id)], level: 8), as: id)
        for level: UInt64 in [8, 255, 1 << 32, .max] {
            #expect(code { try read(pages, id, level: level) } == .levelMismatch)
        }
    }

    @Test func levelsThatLieRow11() throws {
        let pages = ManifestPages()
        let root = try build((0..<2_000).map { Entry(path: path("\($0 + 10_000)"), kind: .fifo) }, into: pages)
        #expect(root.level == 1)
        for level: UInt64 in [0, 2, 7] {
            #expect(code { try read(pages, root.id, level: level) } == .levelMismatch)
        }
    }

    @Test func aRootThatIsNotWhatTheCommitSaysRow11() throws {
        for count in [100, 3_000] {
            let pages = ManifestPages()
            let root = try build((0..<count).map { Entry(path: path("\($0 + 10_000)"), kind: .fifo) }, into: pages)
            let lies: [(inout ManifestRoot) -> Void] = [
                { $0.digest = .zero }, { $0.entryCount += 1 }, { $0.contentBytes += 1 }, { $0.entryCount = .max },
            ]
            for lie in lies {
                var forged = root
                lie(&forged)
                #expect(throws: ManifestError.self) { try listing(forged, pages) }
            }
        }
    }

    /// A manifest of one inner page over two leaves, with one lie in it.
    private func forged(_ lie: (inout ForgedPage.Child) -> Void) throws -> (ManifestPages, ChunkID) {
        let pages = ManifestPages()
        var children: [ForgedPage.Child] = []
        for names in [["a", "b"], ["c", "d"]] {
            let root = try build(names.map { Entry(path: path($0), kind: .fifo) }, into: pages)
            children.append(
                .init(path: path(names[0]), kind: 5, id: root.id, entries: 2, contentBytes: 0, digest: root.digest)
            )
        }
        lie(&children[1])
        let id = try pages.store(ForgedPage.inner(children, level: 1), type: .manifestPage)
        return (pages, id)
    }

    @Test func childrenThatAreNotWhatTheirParentSaysRow11() throws {
        let (honest, honestID) = try forged { _ in }
        try read(honest, honestID, level: 1)
        let lies: [(ManifestError.Code, (inout ForgedPage.Child) -> Void)] = [
            (.countMismatch, { $0.entries = 3 }), (.countMismatch, { $0.contentBytes = 1 }),
            (.tooLarge, { $0.entries = .max }), (.countMismatch, { $0.contentBytes = .max }),
            (.digestMismatch, { $0.digest = .zero }), (.malformed, { $0.path = path("ca") }),
            (.malformed, { $0.kind = 3 }), (.unsupported, { $0.kind = 99 }), (.outOfOrder, { $0.path = path("Z") }),
        ]
        for (expected, lie) in lies {
            let (pages, id) = try forged(lie)
            #expect(code { try read(pages, id, level: 1) } == expected)
        }
    }

    @Test func directoryEndsThatLieRow11() {
        let directory = ForgedPage.Item(path: path("d"), kind: 1)
        func leaf(_ end: [UInt8]) -> [UInt8] {
            ForgedPage.leaf([directory, .init(path: path("d"), kind: 2, fields: end)])
        }
        let lies: [(ManifestError.Code, [UInt8])] = [
            (.countMismatch, ForgedPage.endFields(entries: 1)),
            (.countMismatch, ForgedPage.endFields(entries: .max)),
            (.countMismatch, ForgedPage.endFields(entries: 0, bytes: .max)),
            (.digestMismatch, ForgedPage.endFields(entries: 0)),
            (.invalidEntry, []),
            (.invalidEntry, [1, 1, 1] + ForgedPage.endFields(entries: 0)),
        ]
        let pages = ManifestPages()
        let id = Digest.numbered(1)
        for (expected, fields) in lies {
            pages.forge(leaf(fields), as: id)
            #expect(code { try read(pages, id, level: 0) } == expected)
        }
    }

    @Test func sumsThatOverflowRow11() {
        // Each end is believed where its directory is passed over; together they exceed 64 bits.
        var items: [ForgedPage.Item] = [.init(path: path("t"), kind: 1)]
        for name in ["t/a", "t/b"] {
            items.append(.init(path: path(name), kind: 1))
            items.append(.init(path: path(name), kind: 2, fields: ForgedPage.endFields(entries: .max, bytes: .max)))
        }
        let pages = ManifestPages()
        let id = Digest.numbered(1)
        pages.forge(ForgedPage.leaf(items), as: id)
        let failure = code {
            let cursor = try ManifestCursor(page: PageReference(chunk: id, level: 0), digest: nil, source: pages)
            while let entry = try cursor.next() {
                if entry.kind == .directory, entry.path != path("t") { try cursor.skipSubtree() }
            }
        }
        #expect(failure == .tooLarge)
    }

    @Test func filesWhoseSizesLieRow11() {
        let pages = ManifestPages()
        let id = Digest.numbered(1)
        let half = ForgedPage.hole(1 << 63)
        let cases: [[UInt8]] = [
            ForgedPage.fileFields(size: .max, extents: ForgedPage.hole(.max), isSparse: true),
            ForgedPage.fileFields(size: 1 << 63, extents: half, isSparse: true),
            ForgedPage.fileFields(size: 0, extents: half + half, isSparse: true),
            ForgedPage.fileFields(size: 1, extents: half + half + ForgedPage.hole(1), isSparse: true),
            ForgedPage.fileFields(size: 9, extents: ForgedPage.hole(8), isSparse: true),
            ForgedPage.fileFields(size: 9, extents: ForgedPage.hole(10), isSparse: true),
            ForgedPage.fileFields(size: 9, extents: ForgedPage.hole(9)),
            ForgedPage.fileFields(size: 9, extents: []),
            ForgedPage.fileFields(
                size: 65,
                extents: Array((0..<65).map { _ in ForgedPage.hole(1) }.joined()),
                isSparse: true
            ),
        ]
        for (index, fields) in cases.enumerated() {
            pages.forge(ForgedPage.leaf([.init(path: path("f"), kind: 3, fields: fields)]), as: id)
            #expect(code { try read(pages, id, level: 0) } != nil, "case \(index)")
        }
        let large = ForgedPage.fileFields(size: 1 << 62, extents: ForgedPage.hole(1 << 62), isSparse: true)
        pages.forge(ForgedPage.leaf([.init(path: path("f"), kind: 3, fields: large)]), as: id)
        #expect(code { try read(pages, id, level: 0) } == nil)
    }

    @Test func fieldsThatDoNotBelongRow11() {
        let pages = ManifestPages()
        let id = Digest.numbered(1)
        let target: [UInt8] = [19, 1, 0x78]
        let cases: [(EntryKind, [UInt8])] = [
            (.regular, target), (.symbolicLink, []), (.symbolicLink, [19, 2, 0x78, 0]), (.directory, [25, 1, 1]),
            (.fifo, [21, 1, 1]), (.fifo, [31, 1, 1]), (.fifo, [1, 2, 0x80, 0x40]), (.fifo, [1, 1, 0]),
            (.fifo, [9, 5, 0x80, 0x94, 0xeb, 0xdc, 0x03]), (.fifo, [3, 1, 1, 1, 1, 1]), (.fifo, [3, 1, 1, 3, 1, 1]),
            (.fifo, [2, 1, 0xff]), (.fifo, [3, 5, 0xff, 0xff, 0xff, 0xff, 0x1f]), (.fifo, [99, 1, 1]),
            (.fifo, [27, 2, 5, 0x61]), (.fifo, [27, 1, 0]), (.fifo, [27, 2, 1, 0x61, 27, 2, 1, 0x61]),
        ]
        for (kind, fields) in cases {
            pages.forge(ForgedPage.leaf([.init(path: path("f"), kind: kind.rawValue, fields: fields)]), as: id)
            #expect(code { try read(pages, id, level: 0) } != nil, "\(kind) \(fields)")
        }
    }
}
