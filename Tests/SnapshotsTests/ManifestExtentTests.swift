import Cryptography
import Records
import Repository
import Snapshots
import TestSupport
import Testing

@Suite("Extents of large files")
struct ManifestExtentTests: ManifestTesting {
    private func randomExtents(_ count: Int, seed: UInt64) -> [Extent] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            let length = UInt64.random(in: 1...(1 << 20), using: &random)
            return random.next() % 9 == 0
                ? .hole(length: length)
                : .chunk(Digest(random.bytes(32)) ?? .zero, offset: random.next() % (1 << 20), length: length)
        }
    }

    private func all(_ reader: ExtentReader) throws -> [Extent] {
        var reader = reader
        var extents: [Extent] = []
        while let extent = try reader.next() { extents.append(extent) }
        return extents
    }

    @Test(arguments: [0, 1, 64, 65, 1_000, 5_000, 150_000])
    func comeBack(count: Int) throws {
        let extents = randomExtents(count, seed: UInt64(count))
        let pages = ManifestPages()
        let content = try ManifestBuilder(sink: pages).extentsContent(extents)
        let size = extents.reduce(0) { $0 + $1.length }
        #expect(try all(ExtentReader(content, size: size, source: pages)) == extents)
        switch content {
        case .none: #expect(count == 0)
        case .inline: #expect((1...64).contains(count))
        case .tree(root: _, let level):
            #expect(count > 64)
            if count == 150_000 { #expect(level >= 2) }
        }
    }

    @Test func aChangedExtentChangesOnePagePerLevel() throws {
        var extents = randomExtents(30_000, seed: 0xe0_0001)
        let pages = ManifestPages()
        guard case .tree(root: _, let level) = try ManifestBuilder(sink: pages).extentsContent(extents) else {
            Issue.record("30,000 extents need a tree")
            return
        }
        let before = pages.count
        extents[12_345] = .chunk(.numbered(1), offset: 0, length: extents[12_345].length)
        _ = try ManifestBuilder(sink: pages).extentsContent(extents)
        // One more where the old extent ended a page, or a changed id does on a higher level.
        #expect((level + 1...2 * (level + 1)).contains(pages.count - before))
    }

    @Test func manyHolesOnlyEndPagesByTheirNumber() throws {
        let pages = ManifestPages()
        let content = try ManifestBuilder(sink: pages).extentsContent(Array(repeating: .hole(length: 3), count: 3_000))
        #expect(try all(ExtentReader(content, size: 9_000, source: pages)).count == 3_000)
        #expect(pages.ids(level: 0, type: .extentPage).count == 2)
    }

    @Test(arguments: [true, false]) func theHashSaysWhetherATreeHasHoles(hasHoles: Bool) throws {
        let pages = ManifestPages()
        let extents = (0..<100).map { number -> Extent in
            hasHoles && number == 90 ? .hole(length: 5) : .chunk(.numbered(UInt64(number)), offset: 0, length: 5)
        }
        var entry = Entry(path: path("f"), kind: .regular)
        entry.size = 500
        entry.content = try ManifestBuilder(sink: pages).extentsContent(extents)
        func read(_ sparse: Bool) throws -> Int {
            entry.sparseHash = sparse ? .numbered(1) : nil
            entry.contentHash = sparse ? nil : .numbered(1)
            try entry.validate()
            return try all(ExtentReader(entry, source: pages)).count
        }
        #expect(try read(hasHoles) == 100)
        #expect { try read(!hasHoles) } throws: { ($0 as? ManifestError)?.code == .invalidEntry }
    }

    @Test func sizesThatDoNotFitAreRefusedRow11() throws {
        let builder = ExtentTreeBuilder(sink: ManifestPages())
        try builder.append(.hole(length: .max))
        #expect { try builder.append(.hole(length: 1)) } throws: { ($0 as? ManifestError)?.code == .tooLarge }
        for extent: Extent in [
            .hole(length: 0), .chunk(.zero, offset: 0, length: 0), .chunk(.zero, offset: .max, length: 1),
            .chunk(.zero, offset: 1, length: .max), .chunk(.zero, offset: 0, length: (16 << 20) + 1),
            .chunk(.zero, offset: 16 << 20, length: 1),
        ] {
            #expect(throws: ManifestError.self) { try builder.append(extent) }
        }
    }

    @Test(arguments: [8_999, 9_001, 0, 1] as [UInt64])
    func aSizeThatIsNotTheSumIsRefused(size: UInt64) throws {
        let pages = ManifestPages()
        let content = try ManifestBuilder(sink: pages).extentsContent(Array(repeating: .hole(length: 3), count: 3_000))
        #expect { try all(ExtentReader(content, size: size, source: pages)) } throws: {
            ($0 as? ManifestError)?.code == .countMismatch
        }
    }

    private func extentPage(level: UInt8, count: UInt64, _ body: [UInt8]) -> [UInt8] {
        var page: [UInt8] = [1, level]
        Varint.append(count, to: &page)
        return page + body
    }

    @Test func aTreeThatContainsItselfIsRefusedRow11() throws {
        let pages = ManifestPages()
        let id = Digest.numbered(1)
        pages.forge(extentPage(level: 3, count: 1, id.bytes + [10]), as: id, type: .extentPage)
        #expect { try all(ExtentReader(.tree(root: id, level: 3), size: 10, source: pages)) } throws: {
            ($0 as? ManifestError)?.code == .levelMismatch
        }
    }

    @Test func hostileExtentPagesAreRefusedRow11() throws {
        let id = Digest.numbered(1)
        let huge: [UInt8] = Array(repeating: 0xff, count: 9) + [1]
        let hostile: [[UInt8]] = [
            [], [1], [1, 0], [1, 0, 0], [2, 0, 1, 0, 10], [1, 0, 1, 7, 10], [1, 0, 1, 0, 0], [1, 0, 1, 0, 11],
            [1, 0, 1, 0, 10, 0], [1, 0, 2, 0, 10], [1, 0, 0x81, 0, 0, 10], [1, 0, 1, 1] + id.bytes + [0, 0],
            extentPage(level: 0, count: 1 << 32, [0, 10]), extentPage(level: 0, count: .max, [0, 10]),
            extentPage(level: 0, count: 2, [0] + huge + [0] + huge),
            extentPage(level: 0, count: 2, [0, 9, 0] + huge),
            extentPage(level: 0, count: 1, [1] + id.bytes + huge + [10]),
            extentPage(level: 1, count: 1, id.bytes + [10]),
        ]
        for page in hostile {
            let pages = ManifestPages()
            pages.forge(page, as: id, type: .extentPage)
            #expect(throws: ManifestError.self, "\(page)") {
                try all(ExtentReader(.tree(root: id, level: 0), size: 10, source: pages))
            }
        }
        for level in [-1, 8, Int.max] {
            #expect(throws: ManifestError.self) {
                try all(ExtentReader(.tree(root: id, level: level), size: 10, source: ManifestPages()))
            }
        }
    }

    @Test func childrenThatLieAboutTheirLengthAreRefusedRow11() throws {
        let leaf = Digest.numbered(2)
        let root = Digest.numbered(1)
        let huge: [UInt8] = Array(repeating: 0xff, count: 9) + [1]
        for body in [leaf.bytes + [9], leaf.bytes + [11], leaf.bytes + [0], leaf.bytes + huge] {
            let pages = ManifestPages()
            pages.forge([1, 0, 1, 0, 10], as: leaf, type: .extentPage)
            pages.forge(extentPage(level: 1, count: 1, body), as: root, type: .extentPage)
            #expect(throws: ManifestError.self) {
                try all(ExtentReader(.tree(root: root, level: 1), size: 10, source: pages))
            }
        }
    }

    @Test func storedAttributesComeBack() throws {
        let attributes = [
            ExtendedAttribute(name: path("security.capability"), value: [1, 2, 3]),
            ExtendedAttribute(name: path("user.a"), value: []),
            ExtendedAttribute(name: path("user.b"), value: [UInt8](repeating: 7, count: 70_000)),
        ]
        let encoded = ExtendedAttributeCoding.encode(attributes)
        #expect(encoded.count == ExtendedAttributeCoding.encodedLength(attributes))
        #expect(try ExtendedAttributeCoding.decode(encoded) == attributes)
        for wrong in [Array(encoded.dropLast()), encoded + [1], encoded + encoded, [0, 0], [1, 0, 0]] {
            #expect(throws: (any Error).self) { try ExtendedAttributeCoding.decode(wrong) }
        }
    }
}
