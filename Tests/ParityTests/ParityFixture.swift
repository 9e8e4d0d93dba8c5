import Chunking
import Cryptography
import ObjectStorage
import Records
import Repository
import TestSupport

@testable import Parity

/// A repository with packs of random data, and one snapshot for each run.
final class ParityFixture {
    let place: TemporaryDirectory
    let store: any ObjectStore
    private let secret: SecretHolder
    private var random: SeededGenerator
    private var runs: UInt8 = 0

    init(seed: UInt64, store: (any ObjectStore)? = nil) throws {
        place = try TemporaryDirectory()
        self.store = try store ?? LocalObjectStore.create(at: place.path("repository"))
        secret = SecretHolder(try Secret.random(count: 32))
        random = SeededGenerator(seed: seed)
        _ = try Repository.create(
            store: self.store,
            slot: NewSlot(.secret(secret, .recoveryWords), label: "test"),
            suite: .aes256GCM,
            ownerName: "owner",
            domainName: "default",
            environment: RepositoryEnvironment()
        )
    }

    func open() throws -> Repository {
        try Repository.open(store: store, credential: .recovery(secret), environment: RepositoryEnvironment())
    }

    /// Adds a snapshot with so many packs of data of 33 to 65 KiB.
    @discardableResult
    func add(packs count: Int) throws -> ObjectHash {
        var options = WriteOptions()
        options.verifies = false
        options.sizing = PackSizing(target: 32 << 10, limit: 33 << 10)
        let run = try WriteRun.begin(try open(), options: options)
        var identifier = try ChunkIdentifier(keys: run.keys)
        var encoder = try ChunkEncoder(compression: try CompressionSetting(parsing: "off"), verifies: false)
        for _ in 0..<count {
            let chunk = random.bytes(Int.random(in: 33 << 10...65 << 10, using: &random))
            _ = try unsafe run.store(chunk.span.bytes, type: .data, identifier: &identifier, encoder: &encoder)
        }
        // A leaf with one FIFO, of another name each time.
        runs += 1
        let page: [UInt8] = [1, 0, 1, 0, 1, 0x60 + runs, 5, 0]
        let root = try run.store(
            unsafe page.span.bytes,
            type: .manifestPage,
            identifier: &identifier,
            encoder: &encoder
        ).id
        let details = CommitDetails(dataset: "test", time: 1)
        let request = CommitRequest(root: PageReference(chunk: root, level: 0), details: details)
        return try run.commit(request, log: try CommitLog.load(run.repository))
    }

    func names(_ prefix: String = "") throws -> [ObjectName] {
        var names: [ObjectName] = []
        try store.list(prefix: prefix) { name, _ in names.append(name) }
        return names
    }

    /// All objects with their bytes.
    func content() throws -> [ObjectName: [UInt8]] {
        var content: [ObjectName: [UInt8]] = [:]
        for name in try names() { content[name] = try store.readAll(name, atMost: 1 << 30) }
        return content
    }

    /// Puts any bytes in the place of an object, as a disk may.
    func overwrite(_ name: ObjectName, _ bytes: [UInt8]?) throws {
        if try store.exists(name) { try store.remove(name) }
        if let bytes { try store.put(name, bytes) }
    }

    func create(percent: Int = 5) throws -> ParityCreation.Report {
        try ParityCreation.run(store: store, percent: percent)
    }

    func repair(isDryRun: Bool = false) throws -> ParityRepair.Report {
        try ParityRepair(store: store, isDryRun: isDryRun).run()
    }
}
