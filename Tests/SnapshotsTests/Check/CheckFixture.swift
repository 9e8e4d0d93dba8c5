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

/// A repository in memory and a source directory, for one test.
final class CheckFixture: Sendable {
    let place: TemporaryDirectory
    let source: String
    let secret: SecretHolder
    let store: MemoryObjectStore

    /// Makes a repository with a slot that costs no key derivation.
    init() throws {
        place = try TemporaryDirectory()
        source = place.path("source")
        try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: false)
        secret = SecretHolder(try Secret.random(count: 32))
        store = MemoryObjectStore()
        _ = try Repository.create(
            store: store,
            slot: NewSlot(.secret(secret, .recoveryWords), label: "test"),
            suite: .aes256GCM,
            ownerName: "owner",
            domainName: "default",
            environment: RepositoryEnvironment()
        )
    }

    /// Opens the repository as a host without memory would.
    func open(
        _ store: (any ObjectStore)? = nil,
        environment: RepositoryEnvironment = RepositoryEnvironment()
    ) throws -> Repository {
        try Repository.open(store: store ?? self.store, credential: .recovery(secret), environment: environment)
    }

    /// Writes a file below the source.
    func write(_ name: String, _ bytes: [UInt8]) throws {
        let path = source + "/" + name
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true
        )
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    /// Removes a file below the source.
    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: source + "/" + name) }

    /// Backs the source up, and gives the snapshot.
    @discardableResult
    func backUp(_ change: (inout BackupRequest) -> Void = { _ in }) throws -> ObjectHash {
        var request = BackupRequest(dataset: "test", source: .files([Array(source.utf8)]), host: "host")
        request.writing.sizing = PackSizing(target: 64 << 10, limit: 96 << 10)
        change(&request)
        let backup = Backup(repository: try open(), request: request, observer: QuietObserver())
        guard let id = try backup.run().snapshot else { throw RepositoryError(.invalidRequest, "nothing was saved") }
        return id
    }

    /// Checks a store, and gives what was found.
    func check(
        _ store: (any ObjectStore)? = nil,
        _ readData: ReadData = .none,
        state: Directory? = nil,
        workers: Int = 2
    ) throws -> Found {
        let repository = try open(store, environment: RepositoryEnvironment(state: state))
        return try CheckFixture.check(repository, readData, workers: workers)
    }

    static func check(_ repository: Repository, _ readData: ReadData = .none, workers: Int = 2) throws -> Found {
        var options = CheckOptions()
        options.readData = readData
        options.workers = workers
        let observer = CheckRecorder()
        let summary = try Check(repository: repository, options: options, observer: observer).run()
        return Found(summary: summary, problems: observer.problems, losses: observer.losses)
    }

    /// Checks without keys.
    func checkWithoutKeys(
        _ store: (any ObjectStore)? = nil,
        _ readData: ReadData = .none,
        state: Directory? = nil
    ) throws -> Found {
        var options = CheckOptions()
        options.readData = readData
        options.workers = 2
        let observer = CheckRecorder()
        let summary = try KeylessCheck.run(
            store: store ?? self.store,
            options: options,
            observer: observer,
            state: state
        )
        return Found(summary: summary, problems: observer.problems, losses: observer.losses)
    }

    /// Names of all objects below a folder, in order.
    func names(_ prefix: String = "") throws -> [ObjectName] {
        var names: [ObjectName] = []
        try store.list(prefix: prefix) { name, _ in names.append(name) }
        return names
    }

    /// The path of a file of the source as a snapshot has it.
    func path(_ name: String) -> [UInt8] { Array((source.dropFirst() + "/" + name).utf8) }
}

/// What a check has found.
struct Found {
    var summary: CheckSummary
    var problems: [CheckProblem]
    var losses: [SnapshotLosses] = []

    var errors: [CheckProblem] { problems.filter { $0.severity == .error } }

    func kinds(_ severity: CheckProblem.Severity) -> Set<CheckProblem.Kind> {
        Set(problems.filter { $0.severity == severity }.map(\.kind))
    }

    func first(_ kind: CheckProblem.Kind) -> CheckProblem? { problems.first { $0.kind == kind } }
}

/// Keeps the problems that a check tells of.
final class CheckRecorder: CheckObserver {
    private let list = Mutex<[CheckProblem]>([])
    private let lossList = Mutex<[SnapshotLosses]>([])
    var problems: [CheckProblem] { list.withLock { $0 } }
    var losses: [SnapshotLosses] { lossList.withLock { $0 } }

    func lost(_ losses: SnapshotLosses) { lossList.withLock { $0.append(losses) } }

    func problem(_ problem: CheckProblem) { list.withLock { $0.append(problem) } }

    func begins(_ phase: CheckPhase) {}
}

/// Takes no notice.
struct QuietObserver: BackupObserver {
    func itemFailed(_ path: [UInt8], _ error: any Error) {}
    func fileChanged(_ path: [UInt8]) {}
    func item(_ path: [UInt8], _ change: ItemChange, bytes: UInt64) {}
    var wantsItems: Bool { false }
    func warning(_ message: String) {}
}
