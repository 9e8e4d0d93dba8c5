import Chunking
import Cryptography
import Records
import Repository
import TestSupport
import Testing

@testable import Snapshots

/// Manifests that are wrong though every key and signature is right: a check walks them and says so.
@Suite struct CheckManifestTests {
    /// Stores chunks of a run.
    private final class Writer {
        let run: WriteRun
        private var identifier: ChunkIdentifier
        private var encoder: ChunkEncoder

        init(_ repository: Repository) throws {
            run = try WriteRun.begin(repository)
            identifier = try ChunkIdentifier(keys: run.keys)
            encoder = try ChunkEncoder(compression: .standard, verifies: true)
        }

        func store(_ bytes: [UInt8], _ type: ChunkType = .manifestPage) throws -> ChunkID {
            try unsafe run.store(bytes.span.bytes, type: type, identifier: &identifier, encoder: &encoder).id
        }

        /// Commits a root page whose digest is given.
        func commit(
            _ root: ChunkID,
            level: UInt64 = 0,
            digest: Digest,
            _ change: (inout CommitDetails) -> Void = { _ in }
        ) throws -> ObjectHash {
            var details = CommitDetails(dataset: "forged", time: run.repository.environment.now())
            details.rootDigest = digest
            change(&details)
            let request = CommitRequest(root: PageReference(chunk: root, level: level), details: details)
            return try run.commit(request, log: try CommitLog.load(run.repository))
        }

        /// Commits a manifest of one leaf, whose digest is right.
        func commit(leaf items: [ForgedPage.Item]) throws -> ObjectHash {
            try commit(try store(ForgedPage.leaf(items)), digest: try leafDigest(items))
        }
    }

    /// E of a FIFO without any field (format.md, §12.2).
    private func digest(ofFIFO name: String) throws -> Digest {
        var message = Array("holdfast/v1/entry\0".utf8) + [5]
        Varint.append(UInt64(name.utf8.count), to: &message)
        message += Array(name.utf8)
        return try unsafe SHA256.hash(message.span.bytes)
    }

    private func joined(_ digests: [Digest]) throws -> Digest {
        let bytes = digests.flatMap(\.bytes)
        return try unsafe SHA256.hash(bytes.span.bytes)
    }

    private func leaf(_ names: [String]) -> [UInt8] {
        ForgedPage.leaf(names.map { ForgedPage.Item(path: Array($0.utf8), kind: 5) })
    }

    private func child(_ names: [String], _ id: ChunkID) throws -> ForgedPage.Child {
        ForgedPage.Child(
            path: Array(names[0].utf8),
            kind: 5,
            id: id,
            entries: UInt64(names.count),
            digest: try joined(names.map { try digest(ofFIFO: $0) })
        )
    }

    /// Commits a manifest of two leaves of FIFOs.
    @discardableResult
    private func commit(
        _ fixture: CheckFixture,
        _ leaves: [[String]],
        _ change: (inout [ForgedPage.Child]) -> Void = { _ in },
        details: (inout CommitDetails) -> Void = { _ in }
    ) throws -> ObjectHash {
        let writer = try Writer(try fixture.open())
        var children = try leaves.map { try child($0, try writer.store(leaf($0))) }
        change(&children)
        let root = try writer.store(ForgedPage.inner(children, level: 1))
        let digest = try joined(children.map(\.digest))
        return try writer.commit(root, level: 1, digest: digest, details)
    }

    private func expectManifestError(_ fixture: CheckFixture, _ id: ObjectHash, _ text: String? = nil) throws {
        let found = try fixture.check()
        #expect(found.kinds(.error) == [.manifest])
        #expect(found.errors.contains { $0.snapshots.contains(id) && $0.message.contains(text ?? "") })
        #expect(found.kinds(.warning).isEmpty)
    }

    @Test func theManifestThatAllForgeriesAreVariationsOfIsGood() throws {
        let fixture = try CheckFixture()
        try commit(fixture, [["a", "m"], ["n", "z"]])
        let found = try fixture.check()
        #expect(found.problems.isEmpty)
        #expect(found.summary.snapshots == 1)
        #expect(found.summary.pages == 3)
    }

    @Test(
        "the order of entries is checked across pages, whichever of two snapshots is walked first",
        arguments: [true, false]
    )
    func orderAcrossSharedPages(goodFirst: Bool) throws {
        let fixture = try CheckFixture()
        var bad = ObjectHash.zero
        let good = [["a", "m"], ["n", "z"]]
        let wrong = [["a", "m"], ["b", "z"]]
        for isGood in [goodFirst, !goodFirst] {
            let id = try commit(fixture, isGood ? good : wrong)
            if !isGood { bad = id }
        }
        let found = try fixture.check()
        #expect(found.kinds(.error) == [.manifest])
        #expect(found.errors.flatMap(\.snapshots) == [bad])
    }

    /// What is wrong with an inner page.
    enum Wrong: String, CaseIterable, Sendable {
        case entries, contentBytes, digest, firstPath, firstKind, missingPage, otherLevel, rootDigest, statistics
    }

    @Test("what a page says of another is checked", arguments: Wrong.allCases)
    func claims(_ wrong: Wrong) throws {
        let fixture = try CheckFixture()
        let id = try commit(fixture, [["a", "m"], ["n", "z"]]) { children in
            switch wrong {
            case .entries: children[1].entries += 1
            case .contentBytes: children[1].contentBytes = 7
            case .digest: children[1].digest = .numbered(3)
            case .firstPath: children[1].path = Array("nn".utf8)
            case .firstKind: children[1].kind = 3
            case .missingPage: children[1].id = .numbered(4)
            case .otherLevel, .rootDigest, .statistics: break
            }
        } details: { details in
            switch wrong {
            case .rootDigest: details.rootDigest = .numbered(5)
            case .statistics: details.statistics.entries = 5
            default: break
            }
        }
        if wrong == .otherLevel {
            let writer = try Writer(try fixture.open())
            let page = try writer.store(leaf(["a"]))
            let other = try writer.commit(page, level: 3, digest: try joined([try digest(ofFIFO: "a")]))
            return try expectManifestError(fixture, other, "level")
        }
        try expectManifestError(fixture, id)
        // The damage of one page does not hide the others.
        if wrong == .missingPage { #expect(try fixture.check().summary.pages == 2) }
    }

    /// What is wrong with a directory.
    enum WrongDirectory: String, CaseIterable, Sendable {
        case nothing, digest, entries, bytes, noEnd, endTwice, childOutside
    }

    @Test("directories are checked", arguments: WrongDirectory.allCases)
    func directories(_ wrong: WrongDirectory) throws {
        let fixture = try CheckFixture()
        let writer = try Writer(try fixture.open())
        let below = try digest(ofFIFO: "f")
        let message = Array("holdfast/v1/directory\0".utf8) + below.bytes
        let digest = try unsafe SHA256.hash(message.span.bytes)
        let directory = Array("d".utf8)
        let file = Array("d/f".utf8)
        let fields = ForgedPage.endFields(
            entries: wrong == .entries ? 2 : 1,
            bytes: wrong == .bytes ? 5 : 0,
            digest: wrong == .digest ? .numbered(1) : digest
        )
        var items: [ForgedPage.Item] = [
            .init(path: directory, kind: 1), .init(path: file, kind: 5),
            .init(path: directory, kind: 2, fields: fields),
        ]
        switch wrong {
        case .noEnd: items.removeLast()
        case .endTwice: items.append(items[2])
        case .childOutside: items.append(.init(path: file, kind: 5))
        default: break
        }
        let id = try writer.commit(leaf: items)
        if wrong == .nothing {
            #expect(try fixture.check().problems.isEmpty)
        } else {
            try expectManifestError(fixture, id)
        }
    }

    private func extent(_ id: ChunkID, offset: UInt64 = 0, length: UInt64) -> [UInt8] {
        var bytes: [UInt8] = [1] + id.bytes
        Varint.append(offset, to: &bytes)
        Varint.append(length, to: &bytes)
        return bytes
    }

    @Test func extentsOfUnknownChunksAreTiedToTheirFile() throws {
        let fixture = try CheckFixture()
        let writer = try Writer(try fixture.open())
        let page = try writer.store(leaf(["x"]))
        let data = try writer.store([1, 2, 3], .data)
        func item(_ name: String, _ extents: [UInt8], _ size: UInt64) -> ForgedPage.Item {
            .init(path: Array(name.utf8), kind: 3, fields: ForgedPage.fileFields(size: size, extents: extents))
        }
        let id = try writer.commit(leaf: [
            item("a-good", extent(data, length: 3), 3),
            item("b-unknown", extent(.numbered(1), length: 3), 3),
            item("c-page", extent(page, length: 3), 3),
            item("d-beyond", extent(data, offset: 2, length: 2), 2),
            item("e-half", extent(data, length: 3) + extent(.numbered(2), length: 9), 12),
        ])
        let found = try fixture.check()
        #expect(found.kinds(.error) == [.chunkMissing, .manifest])
        let missing = try #require(found.first(.chunkMissing))
        #expect(missing.snapshots == [id])
        #expect(missing.paths == ["b-unknown", "c-page", "e-half"].map { Array($0.utf8) })
        let beyond = try #require(found.first(.manifest))
        #expect(beyond.paths == [Array("d-beyond".utf8)])
        #expect(found.summary.snapshots == 0)
    }

    @Test(
        "Row 11: extent trees are walked within bounds",
        arguments: ["good", "missing", "short", "long", "wrongLevel"]
    )
    func row11ExtentTrees(_ shape: String) throws {
        let fixture = try CheckFixture()
        let writer = try Writer(try fixture.open())
        let data = try writer.store([UInt8](repeating: 1, count: 100), .data)
        var page: [UInt8] = [1, 0]
        Varint.append(2, to: &page)
        page += extent(data, length: 100) + extent(data, length: 50)
        var tree = try writer.store(page, .extentPage)
        if shape == "missing" { tree = .numbered(8) }
        var fields = FieldWriter()
        fields.integer(11, shape == "short" ? 151 : shape == "long" ? 149 : 150)
        fields.digest(13, Digest.numbered(1))
        fields.record(17) { record in
            record.digest(1, tree)
            if shape == "wrongLevel" { record.integer(3, 2) }
        }
        let item = ForgedPage.Item(path: [0x66], kind: 3, fields: fields.bytes)
        let id = try writer.commit(leaf: [item])
        if shape == "good" {
            #expect(try fixture.check().problems.isEmpty)
        } else {
            let found = try fixture.check()
            #expect(found.kinds(.error) == [.manifest])
            #expect(found.errors.first?.snapshots == [id])
            #expect(found.errors.first?.paths == [[0x66]])
        }
    }

    @Test(
        "Rows 10 and 11: names and sizes that cannot be are refused",
        arguments: ["..", ".", "a/../b", "a//b", "/a", "a\0b", "", "a/b"] + [String(repeating: "x", count: 256)]
    )
    func row10Names(_ name: String) throws {
        let fixture = try CheckFixture()
        let writer = try Writer(try fixture.open())
        let item = ForgedPage.Item(path: Array(name.utf8), kind: 5)
        let id = try writer.commit(leaf: [item])
        try expectManifestError(fixture, id)
    }

    @Test func aRootThatIsInNoPackIsTold() throws {
        let fixture = try CheckFixture()
        let writer = try Writer(try fixture.open())
        let id = try writer.commit(.numbered(6), digest: .zero)
        try expectManifestError(fixture, id, "cannot be read")
    }
}

/// The digest of a leaf of such entries: E of each, of a directory end D.
private func leafDigest(_ items: [ForgedPage.Item]) throws -> Digest {
    var digester = try EntryDigester()
    let digests = try items.map { item in
        if item.kind == EntryKind.directoryEnd.rawValue { return Digest(Array(item.fields.suffix(32))) ?? .zero }
        let kind = try #require(EntryKind(rawValue: item.kind))
        return try digester.digest(kind, name: Entry(path: item.path, kind: kind).name, fields: item.fields[...])
    }
    let bytes = digests.flatMap(\.bytes)
    return try unsafe SHA256.hash(bytes.span.bytes)
}
