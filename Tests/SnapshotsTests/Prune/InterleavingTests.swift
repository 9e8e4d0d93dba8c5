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
import Testing
import Threads

/// Real backups and real prunes on one real store, their operations in orders that seeds decide.
///
/// A few seeds here; many with
///
///     HOLDFAST_INTERLEAVINGS=80 swift test --filter InterleavingTests
@Suite(.serialized) struct InterleavingTests {
    /// How many seeds are tried; the environment may say more.
    private static let seeds = ProcessInfo.processInfo.environment["HOLDFAST_INTERLEAVINGS"].flatMap(UInt64.init) ?? 4

    /// A repository in a directory, and the sources of two backups.
    private struct World {
        let place: TemporaryDirectory
        let store: LocalObjectStore
        let secret: SecretHolder
        let clock = TestClock()
        let chunker: ChunkerParameters

        init(seed: UInt64) throws {
            place = try TemporaryDirectory()
            store = try LocalObjectStore.create(at: place.path("repository"))
            secret = SecretHolder(try Secret.random(count: 32))
            chunker = try ChunkerParameters(kind: .fast, minimum: 8 << 10, average: 16 << 10, maximum: 64 << 10)
            _ = try Repository.create(
                store: store,
                slot: NewSlot(.secret(secret, .recoveryWords), label: "test"),
                suite: .aes256GCM,
                ownerName: "owner",
                domainName: "default",
                environment: RepositoryEnvironment()
            )
            var random = SeededGenerator(seed: seed)
            // Files that several sources have, each a chunk or a few of its own.
            let files = (0..<6).map { _ in random.bytes(20_000 + Int(random.next() % 30_000)) }
            for source in 0..<4 {
                let path = place.path("source\(source)")
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
                for (number, bytes) in files.enumerated() where source == 0 || random.next() % 2 == 0 {
                    try Data(bytes).write(to: URL(fileURLWithPath: path + "/\(number)"))
                }
                try Data(random.bytes(3_000)).write(to: URL(fileURLWithPath: path + "/own"))
            }
        }

        func environment(sleep: @escaping @Sendable (Int64) -> Void) -> RepositoryEnvironment {
            RepositoryEnvironment(
                now: { [clock] in clock.wall },
                monotonic: { [clock] in clock.monotonic },
                sleep: sleep,
                processState: { _ in .unknown }
            )
        }

        func open(_ store: (any ObjectStore)? = nil, sleep: (@Sendable (Int64) -> Void)? = nil) throws -> Repository {
            let environment = environment(sleep: sleep ?? { [clock] in clock.advance($0) })
            return try Repository.open(
                store: store ?? self.store,
                credential: .recovery(secret),
                environment: environment
            )
        }

        func backUp(_ repository: Repository, source: Int) throws -> ObjectHash? {
            let path = Array(place.path("source\(source)").utf8)
            var request = BackupRequest(dataset: "source\(source)", source: .files([path]), host: "host")
            request.chunker = chunker
            request.workers = 1
            request.readConcurrency = 1
            request.writing.sizing = PackSizing(target: 60 << 10, limit: 90 << 10)
            return try Backup(repository: repository, request: request, observer: QuietObserver()).run().snapshot
        }

        func prune(_ repository: Repository, isDryRun: Bool = false) throws -> PruneSummary {
            var options = PruneOptions()
            options.policy.maxUnused = .bytes(0)
            options.keepUnreferencedSeconds = 0
            options.isDryRun = isDryRun
            options.writing.sizing = PackSizing(target: 60 << 10, limit: 90 << 10)
            return try Prune(repository: repository, options: options, observer: PruneRecorder()).run()
        }

        func forget(_ id: ObjectHash, number: UInt64) throws {
            let repository = try open()
            guard let commit = try CommitLog.load(repository).commits.first(where: { $0.id == id }) else { return }
            let record = Forgotten(
                repository: repository.id,
                signer: repository.keyring.member,
                number: number,
                time: clock.wall,
                commits: [
                    ForgottenCommit(
                        member: commit.commit.signer,
                        incarnation: commit.commit.incarnation,
                        number: commit.commit.number,
                        hash: id,
                        previous: commit.commit.previous
                    )
                ]
            )
            try store.put(
                ObjectName(ObjectNames.forgotten(number)),
                try SignedRecord.sign(record, with: repository.keyring.signingKey)
            )
        }

        func expectWhole(_ label: String) throws {
            let found = try CheckFixture.check(try open(), .all)
            #expect(found.errors.isEmpty, "\(label): \(found.errors.map(\.message))")
            var options = CheckOptions()
            options.workers = 1
            let recorder = CheckRecorder()
            _ = try KeylessCheck.run(store: store, options: options, observer: recorder)
            let errors = recorder.problems.filter { $0.severity == .error }
            #expect(errors.isEmpty, "\(label), without keys: \(errors.map(\.message))")
        }
    }

    @Test("row 26: two backups and two prunes, interleaved by seeds, some frozen or killed")
    func interleaved() throws {
        var steps = 0
        var outcomes: [String: Int] = [:]
        for seed in 0..<InterleavingTests.seeds {
            let (count, results) = try interleave(seed: seed)
            steps += count
            for result in results { outcomes[result, default: 0] += 1 }
        }
        print("\(InterleavingTests.seeds) interleavings, \(steps) operations: \(outcomes.sorted { $0.key < $1.key })")
        #expect(steps > 100 * Int(InterleavingTests.seeds))
    }

    /// Runs one order of operations, and looks at what is left.
    private func interleave(seed: UInt64) throws -> (steps: Int, outcomes: [String]) {
        let world = try World(seed: 5_000 + seed)
        // What is there before: a snapshot of everything, which is forgotten, and one that stays.
        let everything = try #require(try world.backUp(try world.open(), source: 0))
        let kept = try #require(try world.backUp(try world.open(), source: 1))
        try world.forget(everything, number: 0)

        let scheduler = Scheduler(participants: 4)
        let snapshots = Mutex<[ObjectHash]>([kept])
        let outcomes = Mutex<[String]>([])
        let threads = (0..<4).map { participant in
            WorkerThread(name: "participant") {
                do {
                    let store = ScheduledStore(world.store, scheduler, participant)
                    let repository = try world.open(store) { nanoseconds in
                        // To sleep is an operation like any other: all others may go before.
                        guard (try? scheduler.turn(of: participant)) != nil else { return }
                        world.clock.advance(nanoseconds)
                    }
                    if participant < 2 {
                        if let id = try world.backUp(repository, source: 2 + participant) {
                            snapshots.withLock { $0.append(id) }
                        }
                        outcomes.withLock { $0.append("backup done") }
                    } else {
                        let summary = try world.prune(repository)
                        outcomes.withLock {
                            $0.append(summary.packsTakenBack > 0 ? "prune took back" : "prune done")
                        }
                        if summary.runsHeldForDead > 0 { outcomes.withLock { $0.append("run given up") } }
                    }
                } catch let error as RepositoryError {
                    outcomes.withLock { $0.append("\(participant < 2 ? "backup" : "prune") \(error.code)") }
                    if ![.busy, .heldForDead, .cancelled].contains(error.code), !scheduler.isKilled(participant) {
                        Issue.record("seed \(seed), participant \(participant): \(error)")
                    }
                } catch {
                    outcomes.withLock { $0.append("killed") }
                }
                scheduler.finish(participant)
            }
        }
        let steps = scheduler.run(seed: seed, kills: seed % 3 == 2)
        for thread in threads { thread.join() }

        try world.expectWhole("seed \(seed)")
        let log = try CommitLog.load(try world.open())
        let counting = Set(log.commits.map(\.id))
        for id in snapshots.withLock({ $0 }) { #expect(counting.contains(id), "seed \(seed): \(id) does not count") }
        // Whatever was killed or given up, one more prune frees what nobody needs.
        _ = try world.prune(try world.open())
        try world.expectWhole("seed \(seed), after the last prune")
        let left = try world.prune(try world.open(), isDryRun: true)
        #expect(left.packsDeleted == 0 && left.unusedBytes == 0, "seed \(seed): \(left)")
        #expect(try CommitLog.load(try world.open()).commits.count == counting.count)
        return (steps, outcomes.withLock { $0 })
    }
}
