import Cryptography
import Foundation
import ObjectStorage
import Records
import Repository
import Snapshots
import Testing

/// The repository of the worked example in docs/format.md, made once: whoever changes the format sees it here.
@Suite struct FormatExampleTests {
    private let folder: URL
    private let store: LocalObjectStore
    private let repository: Repository

    /// Opens the example with the slot secret that the page names, keeping everything in memory.
    init() throws {
        folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "RepositoryTests/Fixtures/format-v1-example")
        store = try LocalObjectStore.open(at: folder.path)
        let secret = [UInt8](0x20...0x3f)
        repository = try Repository.open(
            store: store,
            credential: .recovery(SecretHolder(try unsafe Secret(copying: secret.span.bytes))),
            environment: RepositoryEnvironment()
        )
    }

    @Test func theSnapshotIsListed() throws {
        let list = try SnapshotList.load(repository)
        #expect(list.problems.isEmpty)
        let snapshot = try #require(list.snapshots.first)
        #expect(list.snapshots.count == 1)
        #expect(snapshot.details.dataset == "d")
        #expect(snapshot.details.host == "h")
        #expect(snapshot.details.paths == [Array("/example".utf8)])
        #expect(snapshot.details.statistics.entries == 2)
        let keys = try repository.keys(domain: snapshot.commit.domain, epoch: snapshot.commit.epoch)
        #expect(try keys.datasetID(of: "d") == snapshot.commit.dataset)
    }

    @Test func theManifestAndTheFileAreWhatThePageSays() throws {
        let snapshot = try SnapshotList.load(repository).resolve("latest")
        let index = try repository.loadIndex()
        let pages = try RepositoryChunkSource(repository: repository, index: index)
        let digest = try #require(snapshot.details.rootDigest)
        let cursor = try ManifestCursor(page: snapshot.commit.root, digest: digest, source: pages, verifyDigests: true)
        var entries: [Entry] = []
        while let entry = try cursor.next() { entries.append(entry) }
        #expect(entries.map(\.kind) == [.directory, .regular, .directoryEnd])
        let paths = ["example", "example/hello.txt", "example"]
        #expect(entries.map { String(decoding: $0.path, as: UTF8.self) } == paths)

        let file = try #require(entries.dropFirst().first)
        #expect(file.size == 12)
        #expect(file.permissions == 0o644)
        var content: [UInt8] = []
        let reader = try ContentReader(repository: repository, index: index, pages: pages)
        try reader.read(
            file,
            data: { bytes in unsafe bytes.withUnsafeBytes { unsafe content.append(contentsOf: $0) } },
            hole: { _ in Issue.record("the file has no hole") }
        )
        #expect(String(decoding: content, as: UTF8.self) == "hello world\n")
    }

    @Test("the page shows this example: its objects and identities")
    func thePageNamesTheObjects() throws {
        let root = folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/format.md"), encoding: .utf8)
        var names: [ObjectName] = []
        try store.list(prefix: "") { name, _ in names.append(name) }
        #expect(names.count == 10)
        for name in names {
            let last = try #require(name.path.split(separator: "/").last)
            #expect(page.contains(last), "docs/format.md does not show \(name.path)")
        }
        let commit = try #require(try CommitLog.load(repository).commits.first).commit
        for digits in [commit.repository.hex, commit.signer.hex, commit.run.hex, commit.domain.hex, commit.dataset.hex]
        {
            #expect(page.contains(digits), "docs/format.md does not show \(digits)")
        }
    }
}
