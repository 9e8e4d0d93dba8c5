import Cryptography
import Records
import Repository
import Snapshots
import TestSupport
import Testing

@Suite("Manifest round trip")
struct ManifestRoundTripTests: ManifestTesting {
    @Test(arguments: [0, 1, 2, 10, 300, 3_000], [0x5eed_0001, 0x5eed_0002] as [UInt64])
    func randomTreesComeBack(count: Int, seed: UInt64) throws {
        var tree = RandomManifest(seed: seed)
        let entries = tree.entries(count: count)
        let pages = ManifestPages()
        let root = try build(entries, into: pages)
        let read = try listing(root, pages)
        #expect(read.filter { $0.kind != .directoryEnd } == entries)
        #expect(root.entryCount == UInt64(count))
        #expect(root.contentBytes == entries.reduce(0) { $0 + $1.size })
        for end in read where end.kind == .directoryEnd {
            let below = entries.filter { $0.path != end.path && PathOrder.isPath($0.path, atOrBelow: end.path) }
            #expect(end.entryCount == UInt64(below.count))
            #expect(end.contentBytes == below.reduce(0) { $0 + $1.size })
        }
        #expect(read.count { $0.kind == .directoryEnd } == entries.count { $0.kind == .directory })
    }

    @Test func theSameEntriesMakeTheSamePages() throws {
        var tree = RandomManifest(seed: 0x5eed_0003)
        let entries = tree.entries(count: 1_000)
        let first = try build(entries, into: ManifestPages())
        #expect(try build(entries, into: ManifestPages()) == first)
    }

    @Test func anEmptyManifestIsOneEmptyLeaf() throws {
        let pages = ManifestPages()
        let root = try build([], into: pages)
        #expect(root.level == 0)
        #expect(pages.bytes(root.id) == [1, 0, 0])
        #expect(try listing(root, pages).isEmpty)
    }

    @Test func theLongestPathComesBack() throws {
        let name = [UInt8](repeating: 0x78, count: 255)
        let entries = (1...256).map { depth in
            Entry(path: Array([[UInt8]](repeating: name, count: depth).joined(separator: path("/"))), kind: .directory)
        }
        #expect(entries.last?.path.count == PathOrder.longestPath)
        let pages = ManifestPages()
        let read = try listing(build(entries, into: pages), pages)
        #expect(read.count == 512)
        #expect(read.last?.path == name)
        #expect(read.last?.entryCount == 255)
    }

    @Test func unknownOptionalFieldsAreKept() throws {
        let pages = ManifestPages()
        var writer = FieldWriter()
        writer.integer(1, 0o600)
        writer.raw(6, path("later"))
        writer.integer(30, 1)
        writer.record(40) { $0.integer(3, 7) }
        writer.raw(42, [1])
        writer.raw(42, [2])
        writer.raw(44, path("later still"))
        let page = ForgedPage.leaf([.init(path: path("f"), kind: 3, fields: writer.bytes)])
        let id = try pages.store(page, type: .manifestPage)
        let cursor = try ManifestCursor(page: PageReference(chunk: id, level: 0), digest: nil, source: pages)
        let entry = try #require(try cursor.next())
        #expect(entry.preservedFields.tags == [6, 40, 42, 42, 44])
        let again = try build([entry], into: pages)
        #expect(again.id == id)
        var changed = entry
        changed.preservedFields = UnknownFields()
        #expect(try build([changed], into: pages).digest != again.digest)
    }

    @Test func anUnknownCriticalFieldIsRefusedByItsNumber() throws {
        let pages = ManifestPages()
        var writer = FieldWriter()
        writer.raw(45, [1])
        let page = ForgedPage.leaf([.init(path: path("f"), kind: 3, fields: writer.bytes)])
        let id = try pages.store(page, type: .manifestPage)
        let cursor = try ManifestCursor(page: PageReference(chunk: id, level: 0), digest: nil, source: pages)
        #expect { try cursor.next() } throws: { error in
            guard let error = error as? ManifestError else { return false }
            return error.code == .unsupported && error.message.contains("45")
        }
    }

    @Test func storageDoesNotChangeDigests() throws {
        var tree = RandomManifest(seed: 0x5eed_0004)
        let entries = tree.entries(count: 800)
        var elsewhere = entries
        for index in elsewhere.indices {
            elsewhere[index].hardLinkGroup = 0
            elsewhere[index].flags = []
            if case .inline(let extents) = elsewhere[index].content {
                elsewhere[index].content = .inline(extents.map(moved))
            }
            if case .stored(let hash, let extents, let byteCount) = elsewhere[index].attributes {
                elsewhere[index].attributes = .stored(hash: hash, extents: extents.map(moved), byteCount: byteCount)
            }
        }
        let pages = ManifestPages()
        let first = try build(entries, into: pages)
        let second = try build(elsewhere, into: pages)
        #expect(first.id != second.id)
        #expect(first.digest == second.digest)
        #expect(try listing(second, pages).count == listing(first, pages).count)
    }

    private func moved(_ extent: Extent) -> Extent {
        guard case .chunk(_, let offset, let length) = extent else { return extent }
        return .chunk(Digest.numbered(offset &+ 77), offset: offset + 1, length: length)
    }

    @Test func everyPropertyChangesTheDigest() throws {
        let pages = ManifestPages()
        let base = file("f")
        let changes: [(inout Entry) -> Void] = [
            { $0.path = path("g") }, { $0.permissions = 0o600 }, { $0.userID = 1 }, { $0.groupID = 1 },
            { $0.userName = "bob" }, { $0.groupName = "staff" }, { $0.modifiedSeconds += 1 },
            { $0.modifiedNanoseconds += 1 }, { $0.contentHash = Digest.numbered(9) },
            { $0.attributes = .inline([ExtendedAttribute(name: path("user.a"), value: [1])]) },
            {
                $0.attributes = .stored(
                    hash: Digest.numbered(1),
                    extents: [.chunk(Digest.numbered(2), offset: 0, length: 9)],
                    byteCount: 9
                )
            },
        ]
        var digests: Set<Digest> = [try build([base], into: pages).digest]
        for change in changes {
            var entry = base
            change(&entry)
            digests.insert(try build([entry], into: pages).digest)
        }
        #expect(digests.count == changes.count + 1)
    }
}
