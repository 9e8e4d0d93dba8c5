import Chunking
import Cryptography
import FileSystem
import ObjectStorage
import Records
import Repository
import Synchronization
import TestSupport

/// A repository in memory, opened by a secret that costs no key derivation.
struct RepositoryFixture: Sendable {
    let store: MemoryObjectStore
    let secret: SecretHolder
    let repository: Repository

    /// Makes a repository.
    init(
        store: MemoryObjectStore = MemoryObjectStore(),
        suite: CipherSuite = .aes256GCM,
        environment: RepositoryEnvironment = RepositoryEnvironment()
    ) throws {
        self.store = store
        secret = SecretHolder(try Secret.random(count: 32))
        repository = try Repository.create(
            store: store,
            slot: NewSlot(.secret(secret, .recoveryWords), label: "test"),
            suite: suite,
            ownerName: "owner",
            domainName: "default",
            environment: environment
        )
    }

    /// Opens the repository as another process would.
    func open(
        _ store: (any ObjectStore)? = nil,
        environment: RepositoryEnvironment = RepositoryEnvironment()
    ) throws -> Repository {
        try Repository.open(store: store ?? self.store, credential: .recovery(secret), environment: environment)
    }

    /// Names of all objects below a folder, in order.
    func names(_ prefix: String = "") throws -> [ObjectName] {
        var names: [ObjectName] = []
        try store.list(prefix: prefix) { name, _ in names.append(name) }
        return names
    }
}

extension Repository {
    /// What `commitChunks` has stored.
    struct Stored {
        var snapshot: ObjectHash
        var chunks: [ChunkID]
        var root: ChunkID
    }

    /// Stores data chunks and a page, and commits.
    @discardableResult
    func commitChunks(
        _ chunks: [[UInt8]],
        dataset: String = "test",
        compression: CompressionSetting = .standard,
        options: WriteOptions = WriteOptions()
    ) throws -> Stored {
        let run = try WriteRun.begin(self, options: options)
        do {
            var identifier = try ChunkIdentifier(keys: run.keys)
            var encoder = try ChunkEncoder(compression: compression, verifies: true)
            var ids: [ChunkID] = []
            for chunk in chunks {
                ids.append(
                    try unsafe run.store(chunk.span.bytes, type: .data, identifier: &identifier, encoder: &encoder).id
                )
            }
            // An empty leaf.
            let page: [UInt8] = [1, 0, 0]
            let root = try unsafe run.store(
                page.span.bytes,
                type: .manifestPage,
                identifier: &identifier,
                encoder: &encoder
            ).id
            var details = CommitDetails(dataset: dataset, time: environment.now())
            let nothing: [UInt8] = []
            details.rootDigest = try unsafe SHA256.hash(nothing.span.bytes)
            let request = CommitRequest(root: PageReference(chunk: root, level: 0), details: details)
            let id = try run.commit(request, log: try CommitLog.load(self))
            return Stored(snapshot: id, chunks: ids, root: root)
        } catch {
            run.abandon()
            throw error
        }
    }

    /// Loads a chunk through a new index and reader.
    func loadChunk(_ id: ChunkID, type: ChunkType = .data) throws -> [UInt8] {
        let reader = try ChunkReader(repository: self, index: try loadIndex())
        var buffer: [UInt8] = []
        let count = try reader.load(id, type: type, into: &buffer)
        return Array(buffer.prefix(count))
    }
}

/// Collects warnings.
final class Warnings: Sendable {
    private let list = Mutex<[String]>([])
    var all: [String] { list.withLock { $0 } }
    func add(_ message: String) { list.withLock { $0.append(message) } }
}

/// Whether an error is one of those that callers tell apart; anything else would be a hole in the error model.
func isTyped(_ error: any Error) -> Bool {
    error is RepositoryError || error is RecordError || error is StorageError || error is CryptographyError
        || error is ChunkingError
}
