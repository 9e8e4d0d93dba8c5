import Cryptography
import Records
import Repository
import Snapshots
import TestSupport
import Testing

/// Manifests as whoever holds the keys but means harm could write them: rows 10 and 11 of the acceptance suite.
@Suite("Hostile manifests")
struct ManifestHostileTests: ManifestTesting {
    private static let id = Digest.numbered(1)

    private func read(_ page: [UInt8], level: UInt64 = 0, digest: Digest? = nil, verify: Bool = false) throws {
        let pages = ManifestPages()
        pages.forge(page, as: Self.id)
        try read(pages, level: level, digest: digest, verify: verify)
    }

    private func read(_ pages: ManifestPages, level: UInt64, digest: Digest? = nil, verify: Bool = false) throws {
        let reference = PageReference(chunk: Self.id, level: level)
        let cursor = try ManifestCursor(page: reference, digest: digest, source: pages, verifyDigests: verify)
        while try cursor.next() != nil {}
    }

    private func item(_ text: String, _ kind: EntryKind = .fifo, _ fields: [UInt8] = []) -> ForgedPage.Item {
        ForgedPage.Item(path: path(text), kind: kind.rawValue, fields: fields)
    }

    private func end(_ text: String, entries: UInt64) -> ForgedPage.Item {
        item(text, .directoryEnd, ForgedPage.endFields(entries: entries))
    }

    private func expect(
        _ code: ManifestError.Code,
        _ comment: Comment? = nil,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> Void
    ) {
        #expect(comment, sourceLocation: sourceLocation) {
            try body()
        } throws: { error in
            (error as? ManifestError)?.code == code
        }
    }

    @Test func aWellFormedForgedPageIsRead() throws {
        try read(ForgedPage.leaf([item("a", .directory), item("a/b"), end("a", entries: 1), item("c")]))
    }

    @Test(arguments: ["", ".", "..", "/", "/a", "a/", "a//b", "../a", "a\0", "\0", "a/../b"])
    func badNamesRow10(name: String) {
        expect(.invalidPath) { try read(ForgedPage.leaf([item(name)])) }
        expect(.invalidPath) { try read(ForgedPage.leaf([item("d", .directory), item("d/" + name)])) }
        let children = [name, "b"].map { ForgedPage.Child(path: path($0), id: .numbered(2)) }
        expect(.invalidPath) { try read(ForgedPage.inner(children, level: 1), level: 1) }
    }

    @Test func longNamesRow10() {
        let long = String(repeating: "x", count: 256)
        expect(.invalidPath) { try read(ForgedPage.leaf([item(long)])) }
        expect(.invalidPath) { try read(ForgedPage.leaf([item("d", .directory), item("d/" + long)])) }
        // Grown by sharing, one byte at a time.
        expect(.invalidPath) {
            try read(ForgedPage.leaf((1...256).map { item(String(repeating: "x", count: $0)) }))
        }
        expect(.invalidPath) { try read(ForgedPage.leaf([item(".x"), item(".")])) }
    }

    @Test func namesOfAnyOtherBytesAreReadRow10() throws {
        let names: [[UInt8]] = [[0x01], path("\u{1b}[2J"), path("a\nb"), [0xc3, 0x28], [0xff]]
        try read(ForgedPage.leaf(names.map { ForgedPage.Item(path: $0, kind: EntryKind.fifo.rawValue) }))
    }

    @Test func namesInMessagesAreEscapedRow10() {
        #expect {
            try read(ForgedPage.leaf([item("\u{1b}[2J"), item("\u{1b}[2J")]))
        } throws: { error in
            let text = String(describing: error)
            return !text.utf8.contains(0x1b) && text.contains("\\x1b")
        }
    }

    @Test func duplicatesAndDisorderRow10() {
        expect(.outOfOrder) { try read(ForgedPage.leaf([item("a"), item("a")])) }
        expect(.outOfOrder) { try read(ForgedPage.leaf([item("b"), item("a")])) }
        expect(.outOfOrder) { try read(ForgedPage.leaf([item("ab"), item("a")])) }
        expect(.outOfOrder) {
            try read(ForgedPage.leaf([item("a", .directory), end("a", entries: 0), item("a", .directory)]))
        }
        expect(.outOfOrder) {
            try read(ForgedPage.leaf([item("a", .directory), item("a/x"), item("a/x", .symbolicLink)]))
        }
        expect(.outOfOrder) { try read(ForgedPage.leaf([item("a"), item("a", .directory)])) }
    }

    @Test func brokenNestingRow10() {
        let cases: [[ForgedPage.Item]] = [
            [end("a", entries: 0)],
            [item("a/b")],
            [item("a"), item("a/b")],
            [item("a", .symbolicLink, [19, 1, 0x2f]), item("a/b")],
            [item("a", .directory), item("a/b")],
            [item("a", .directory)],
            [item("a", .directory), item("b")],
            [item("a", .directory), item("b", .directory)],
            [item("a", .directory), end("b", entries: 0)],
            [item("a", .directory), end("a", entries: 0), item("a/b")],
            [item("a", .directory), end("a", entries: 0), end("a", entries: 0)],
            [item("a", .directory), item("a/b", .directory), end("a", entries: 1)],
            [item("a", .directory), item("a/b", .directory), end("a/b", entries: 0), end("a/b", entries: 0)],
            [item("a", .directory), item("ab/c")],
            [item("a", .directory), item("a/b/c")],
            [item("ab", .directory), item("a/b")],
        ]
        for (index, items) in cases.enumerated() {
            #expect(throws: ManifestError.self, "case \(index)") { try read(ForgedPage.leaf(items)) }
        }
    }

    @Test func sharedPrefixesThatCannotBeRow10() {
        var first = item("a")
        first.shared = 1
        expect(.malformed) { try read(ForgedPage.leaf([first])) }
        for shared: UInt64 in [2, 65_536, 1 << 32, .max] {
            var second = item("b")
            second.shared = shared
            expect(.malformed) { try read(ForgedPage.leaf([item("a"), second])) }
        }
    }

    @Test func aPathDeeperThanAnyRow11() {
        // A hundred thousand directories, each in the one before.
        var page: [UInt8] = [1, 0]
        Varint.append(100_000, to: &page)
        for depth in 0..<100_000 {
            Varint.append(depth == 0 ? 0 : UInt64(2 * depth - 1), to: &page)
            page += depth == 0 ? [1] + path("d") : [2] + path("/d")
            page += [EntryKind.directory.rawValue, 0]
        }
        expect(.invalidPath) { try read(page) }
    }

    @Test(arguments: [1 << 32, .max, 3] as [UInt64])
    func countsThatCannotBeRow11(count: UInt64) {
        expect(.malformed) { try read(ForgedPage.leaf([item("a")], count: count)) }
        let child = ForgedPage.Child(path: path("a"), id: .numbered(2))
        expect(.malformed) { try read(ForgedPage.inner([child], level: 1, count: count), level: 1) }
    }

    @Test func anInnerPageWithoutChildrenOrALeafWithoutEntriesRow11() throws {
        expect(.malformed) { try read(ForgedPage.inner([], level: 1), level: 1) }
        let pages = ManifestPages()
        pages.forge(ForgedPage.leaf([]), as: .numbered(2))
        let child = ForgedPage.Child(path: path("a"), id: .numbered(2), entries: 0)
        pages.forge(ForgedPage.inner([child], level: 1), as: Self.id)
        expect(.malformed) { try read(pages, level: 1) }
    }

    @Test func everyTruncationAndAnyAddedByteAreRefusedRow11() throws {
        var tree = RandomManifest(seed: 0x0f_0001)
        let pages = ManifestPages()
        let root = try build(tree.entries(count: 40), into: pages)
        let page = try #require(pages.bytes(root.id))
        for length in 0..<page.count {
            #expect(throws: ManifestError.self, "\(length)") {
                try read(Array(page[..<length]), digest: root.digest, verify: true)
            }
        }
        #expect(throws: ManifestError.self) { try read(page + [0]) }
    }

    @Test func everyFlippedBitIsRefusedOrChangesOnlyHowThingsAreStoredRow11() throws {
        var tree = RandomManifest(seed: 0x0f_0002)
        let pages = ManifestPages()
        let root = try build(tree.entries(count: 12), into: pages)
        let page = try #require(pages.bytes(root.id))
        let expected = try listing(root, pages).map { unstored($0) }
        for bit in 0..<page.count * 8 {
            var flipped = page
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            pages.forge(flipped, as: Self.id)
            let reference = PageReference(chunk: Self.id, level: 0)
            do {
                let cursor = try ManifestCursor(
                    page: reference,
                    digest: root.digest,
                    source: pages,
                    verifyDigests: true
                )
                #expect(try rest(of: cursor).map { unstored($0) } == expected, "bit \(bit)")
            } catch is ManifestError {}
        }
    }

    /// The entry without what its digest leaves out.
    private func unstored(_ entry: Entry) -> Entry {
        var entry = entry
        entry.content = .none
        entry.hardLinkGroup = 0
        entry.flags = []
        entry.preservedFields = UnknownFields()
        if case .stored(let hash, extents: _, byteCount: _) = entry.attributes {
            entry.attributes = .stored(hash: hash, extents: [], byteCount: 0)
        }
        return entry
    }

    @Test func randomBytesAreRefusedRow11() {
        var random = SeededGenerator(seed: 0x0f_0003)
        for _ in 0..<3_000 {
            let noise = random.bytes(Int.random(in: 0...200, using: &random))
            #expect(throws: ManifestError.self) { try read([1, 0, 3] + noise) }
            #expect(throws: ManifestError.self) { try read([1, 1, 1] + noise, level: 1) }
            #expect(throws: ManifestError.self) { try read([2] + noise) }
        }
    }
}
