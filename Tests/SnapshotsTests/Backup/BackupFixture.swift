import Chunking
import Cryptography
import FileSystem
import Foundation
import ObjectStorage
import Records
import Repository
import Snapshots
import Synchronization
import TestSupport

/// A repository, a source directory and local directories for one test.
final class BackupFixture: Sendable {
    let place: TemporaryDirectory
    let source: String
    let secret: SecretHolder
    let store: LocalObjectStore
    let environment: RepositoryEnvironment

    /// Makes everything, with a slot that costs no key derivation.
    init() throws {
        place = try TemporaryDirectory()
        source = place.path("source")
        try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: false)
        secret = SecretHolder(try Secret.random(count: 32))
        store = try LocalObjectStore.create(at: place.path("repository"))
        let cancelled = CancelFlag()
        flag = cancelled
        environment = RepositoryEnvironment(
            cache: try place.directory.openOrMakeDirectory(Array("cache".utf8)).directory,
            state: try place.directory.openOrMakeDirectory(Array("state".utf8)).directory,
            isCancelled: { cancelled.isSet }
        )
        _ = try Repository.create(
            store: store,
            slot: NewSlot(.secret(secret, .recoveryWords), label: "test"),
            suite: .aes256GCM,
            ownerName: "owner",
            domainName: "default",
            environment: environment
        )
    }

    let flag: CancelFlag

    /// Opens the repository anew, as another process would.
    func open(
        store: (any ObjectStore)? = nil,
        environment: RepositoryEnvironment? = nil
    ) throws -> Repository {
        try Repository.open(
            store: store ?? self.store,
            credential: .recovery(secret),
            environment: environment ?? self.environment
        )
    }

    /// Backs the source up.
    @discardableResult
    func backUp(
        store: (any ObjectStore)? = nil,
        environment: RepositoryEnvironment? = nil,
        observer: RecordingObserver = RecordingObserver(),
        _ change: (inout BackupRequest) -> Void = { _ in }
    ) throws -> BackupSummary {
        var request = BackupRequest(dataset: "test", source: .files([Array(source.utf8)]), host: "host")
        change(&request)
        let repository = try open(store: store, environment: environment)
        return try Backup(repository: repository, request: request, observer: observer).run()
    }

    /// Writes a file below the source, its times old enough to be recognised later.
    func write(_ name: String, _ bytes: [UInt8]) throws {
        let path = source + "/" + name
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true
        )
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    /// Lets the clock move on, so that files are not too young to be recognised.
    func settle() { Thread.sleep(forTimeInterval: 0.05) }

    /// All entries of a snapshot but directory ends, by path without the source's own.
    func entries(of id: ObjectHash?) throws -> [String: Entry] {
        let repository = try open()
        let snapshots = try SnapshotList.load(repository)
        let snapshot = try snapshots.resolve(id?.hex ?? "latest")
        let cursor = try ManifestCursor(
            page: snapshot.commit.root,
            digest: snapshot.details.rootDigest,
            source: try RepositoryChunkSource(repository: repository, index: try repository.loadIndex()),
            verifyDigests: true
        )
        var entries: [String: Entry] = [:]
        let prefix = String(source.dropFirst()) + "/"
        while let entry = try cursor.next() {
            let path = String(decoding: entry.path, as: UTF8.self)
            if entry.kind != .directoryEnd, path.hasPrefix(prefix) {
                entries[String(path.dropFirst(prefix.count))] = entry
            }
        }
        return entries
    }

    /// The content of an entry, read through the repository.
    func content(of entry: Entry) throws -> [UInt8] {
        let repository = try open()
        let index = try repository.loadIndex()
        let reader = try ChunkReader(repository: repository, index: index)
        var extents: [Extent] = []
        var walk = ExtentReader(
            entry,
            source: try RepositoryChunkSource(repository: repository, index: index)
        )
        while let extent = try walk.next() { extents.append(extent) }
        var bytes: [UInt8] = []
        var buffer: [UInt8] = []
        for extent in extents {
            switch extent {
            case .hole(let length): bytes += [UInt8](repeating: 0, count: Int(length))
            case .chunk(let id, let offset, let length):
                _ = try reader.load(id, type: .data, into: &buffer)
                bytes += buffer[Int(offset)..<Int(offset + length)]
            }
        }
        return bytes
    }

    /// Names of all objects below a folder.
    func objects(_ prefix: String) throws -> [String] {
        var names: [String] = []
        try store.list(prefix: prefix) { name, _ in names.append(name.path) }
        return names.sorted()
    }
}

/// A flag that stands for the user's interrupt.
final class CancelFlag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool {
        get { value.load(ordering: .relaxed) }
        set { value.store(newValue, ordering: .relaxed) }
    }
}

/// Keeps what a backup tells.
final class RecordingObserver: BackupObserver {
    struct Told {
        var failures: [(path: String, error: String)] = []
        var changed: [String] = []
        var items: [String: ItemChange] = [:]
        var warnings: [String] = []
        var leftOut: [String] = []
    }

    private let state = Mutex(Told())
    var told: Told { state.withLock { $0 } }
    let onItem: @Sendable (String) -> Void

    init(onItem: @escaping @Sendable (String) -> Void = { _ in }) { self.onItem = onItem }

    func itemFailed(_ path: [UInt8], _ error: any Error) {
        state.withLock { $0.failures.append((String(decoding: path, as: UTF8.self), "\(error)")) }
    }

    func fileChanged(_ path: [UInt8]) { state.withLock { $0.changed.append(String(decoding: path, as: UTF8.self)) } }

    func item(_ path: [UInt8], _ change: ItemChange, bytes: UInt64) {
        let name = String(decoding: path, as: UTF8.self)
        state.withLock { $0.items[name] = change }
        onItem(name)
    }

    var wantsItems: Bool { true }

    func warning(_ message: String) { state.withLock { $0.warnings.append(message) } }

    func leftOut(_ mounts: [(path: [UInt8], kind: String)]) {
        let names = mounts.map { "\(String(decoding: $0.path, as: UTF8.self)) \($0.kind)" }
        state.withLock { $0.leftOut += names }
    }
}
