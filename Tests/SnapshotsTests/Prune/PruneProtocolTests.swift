import Chunking
import Cryptography
import FileSystem
import ObjectStorage
import Records
import Repository
import Snapshots
import Synchronization
import TestSupport
import Testing

/// Prunes beside backups and other prunes, and prunes that die.
@Suite struct PruneProtocolTests {
    /// One snapshot that stays, and one that was forgotten and whose data a backup could use again.
    private final class Place: Sendable {
        let fixture: PruneFixture
        let kept: ObjectHash
        let content: [UInt8]

        init() throws {
            fixture = try PruneFixture()
            var random = SeededGenerator(seed: 91)
            try fixture.base.write("kept", random.bytes(100_000))
            kept = try fixture.backUp()
            // Above the size of files that share chunks.
            content = random.bytes(300_000)
            try fixture.base.write("again", content)
            let second = try fixture.backUp()
            try fixture.base.write("gone", random.bytes(300_000))
            try fixture.forget(second, try fixture.backUp())
            try fixture.base.remove("gone")
        }

        /// A backup that has begun and has referred to what was forgotten, and not committed.
        func begin() throws -> (WriteRun, ChunkID) {
            // As on a machine that sleeps: to the run no time goes by.
            let run = try WriteRun.begin(try fixture.open(nil, fixture.environment(isSuspended: true)))
            var identifier = try ChunkIdentifier(keys: run.keys)
            let content = self.content
            let chunk = try unsafe identifier.identify(content.span.bytes, type: .data)
            try #require(run.index.isReusable(chunk))
            return (run, chunk)
        }

        /// Commits a snapshot with an empty manifest, and the file's chunk as what it stands for.
        func commit(_ run: WriteRun, _ chunk: ChunkID) throws -> ObjectHash {
            let sink = Sink(run: run)
            let builder = try ManifestBuilder(sink: sink)
            var entry = Entry(path: Array("again".utf8), kind: .regular)
            let content = self.content
            entry.size = UInt64(content.count)
            entry.contentHash = try unsafe SHA256.hash(content.span.bytes)
            entry.content = .inline([.chunk(chunk, offset: 0, length: UInt64(content.count))])
            try builder.add(entry)
            let root = try builder.finish()
            var details = CommitDetails(dataset: "late", time: fixture.clock.wall)
            details.rootDigest = root.digest
            return try run.commit(
                CommitRequest(root: PageReference(chunk: root.id, level: UInt64(root.level)), details: details),
                log: try CommitLog.load(run.repository)
            )
        }
    }

    /// Stores pages through a run.
    private final class Sink: ChunkSink {
        let run: WriteRun
        init(run: WriteRun) { self.run = run }

        func store(_ page: [UInt8], type: ChunkType) throws -> ChunkID {
            var identifier = try ChunkIdentifier(keys: run.keys)
            var encoder = try ChunkEncoder(compression: .standard, verifies: true)
            return try unsafe run.store(page.span.bytes, type: type, identifier: &identifier, encoder: &encoder).id
        }
    }

    @Test("row 26: a backup that began earlier is waited for, and what it needs is taken back")
    func backupThatBeganEarlierIsWaitedFor() throws {
        let place = try Place()
        let (run, chunk) = try place.begin()
        let committed = Mutex<ObjectHash?>(nil)
        place.fixture.whileWaiting {
            if committed.withLock({ $0 }) != nil { return }
            let id = try place.commit(run, chunk)
            committed.withLock { $0 = id }
        }
        let recorder = PruneRecorder()
        let summary = try place.fixture.prune(observer: recorder)
        #expect(committed.withLock { $0 } != nil)
        #expect(recorder.waits > 0)
        #expect(summary.packsTakenBack > 0)
        try place.fixture.expectWhole()
        let log = try CommitLog.load(try place.fixture.open())
        #expect(log.commits.count == 2 && log.voidCommits.isEmpty)
        // What was taken back is no longer on a plan.
        let next = try WriteRun.begin(try place.fixture.open())
        #expect(next.index.isReusable(chunk))
        next.abandon()
    }

    @Test("row 26: a backup that stands still is given up, and its commit does not count")
    func backupThatStandsStillIsGivenUp() throws {
        let place = try Place()
        let (run, chunk) = try place.begin()
        let started = place.fixture.clock.monotonic
        let summary = try place.fixture.prune()
        #expect(summary.runsHeldForDead == 1)
        // Not before its lease has run out.
        #expect(place.fixture.clock.monotonic - started >= 30 * 60 * 1_000_000_000)
        let error = try #require(refusal { _ = try place.commit(run, chunk) })
        #expect(error.code == .heldForDead)
        let log = try CommitLog.load(try place.fixture.open())
        #expect(log.commits.map(\.id) == [place.kept])
        #expect(log.voidCommits.count == 1)
        #expect(log.problems.isEmpty)
        try place.fixture.expectWhole()
        // The next prune is not kept from its work by what does not count.
        try place.fixture.prune()
        try place.fixture.expectWhole()
    }

    @Test func commitBeforeTheRunWasGivenUpCounts() throws {
        // The run is killed between its commit and its end; the prune that gives it up is killed before it decides.
        let place = try Place()
        let (run, chunk) = try place.begin()
        let id = try place.commit(run, chunk)
        // As if the end had not been written.
        for name in try place.fixture.base.names(ObjectNames.leases) where name.path.hasSuffix("\(run.run.hex)/end") {
            place.fixture.store.overwrite(name, with: nil)
        }
        let dying = FaultyStore(
            place.fixture.store,
            rules: [
                .init(.create, prefix: ObjectNames.plans, occurrence: nil, .fail(StorageError(.unavailable, "gone")))
            ]
        )
        #expect(throws: (any Error).self) { try place.fixture.prune(dying) }
        #expect(try CommitLog.load(try place.fixture.open()).commits.contains { $0.id == id })
        try place.fixture.prune()
        #expect(try CommitLog.load(try place.fixture.open()).commits.contains { $0.id == id })
        try place.fixture.expectWhole()
    }

    @Test func deadProcessOfThisHostIsNotWaitedFor() throws {
        let place = try Place()
        let (run, _) = try place.begin()
        let started = place.fixture.clock.monotonic
        let summary = try place.fixture.prune(environment: place.fixture.environment(processState: .ended))
        #expect(summary.runsHeldForDead == 1)
        #expect(place.fixture.clock.monotonic - started < 60 * 1_000_000_000)
        _ = run
    }

    @Test func backupIsRepeatedWhenItWasGivenUp() throws {
        // The prune runs in the middle of the backup, which is then told that it was given up, and begins anew.
        let place = try Place()
        let pruned = Atomic<Bool>(false)
        let repository = try place.fixture.open(
            HookedStore(place.fixture.store) { name in
                guard name.hasPrefix(ObjectNames.commits), !pruned.exchange(true, ordering: .relaxed) else { return }
                _ = try? place.fixture.prune()
            },
            place.fixture.environment(isSuspended: true)
        )
        let request = BackupRequest(dataset: "test", source: .files([Array(place.fixture.base.source.utf8)]), host: "h")
        let summary = try Backup(repository: repository, request: request, observer: QuietObserver()).run()
        let id = try #require(summary.snapshot)
        let hasPruned = pruned.load(ordering: .relaxed)
        #expect(hasPruned)
        let log = try CommitLog.load(try place.fixture.open())
        #expect(log.commits.contains { $0.id == id })
        #expect(log.voidCommits.count == 1)
        #expect(try place.fixture.content("again", of: id) == place.content)
        try place.fixture.expectWhole()
    }

    @Test func plannedPacksAreNotReused() throws {
        let place = try Place()
        // A prune that dies after it has announced its plan.
        let stopped = StopAfter(place.fixture.store, prefix: ObjectNames.plans)
        #expect(throws: (any Error).self) { try place.fixture.prune(stopped) }
        #expect(try place.fixture.base.names(ObjectNames.plans).count == 1)
        let run = try WriteRun.begin(try place.fixture.open())
        var identifier = try ChunkIdentifier(keys: run.keys)
        let content = place.content
        let chunk = try unsafe identifier.identify(content.span.bytes, type: .data)
        #expect(!run.index.isReusable(chunk))
        run.abandon()
        // The next prune, whose limit lets everything stay, decides in its stead; nothing blocks for ever.
        let summary = try place.fixture.prune()
        #expect(summary.packsDeleted > 0)
        try place.fixture.expectWhole()
    }

    @Test func damagedPlanMakesNothingReusable() throws {
        let place = try Place()
        #expect(throws: (any Error).self) {
            try place.fixture.prune(StopAfter(place.fixture.store, prefix: ObjectNames.plans))
        }
        let name = try #require(try place.fixture.base.names(ObjectNames.plans).first)
        var bytes = try place.fixture.store.readAll(name, atMost: 1 << 20)
        bytes[40] ^= 1
        place.fixture.store.overwrite(name, with: bytes)
        let run = try WriteRun.begin(try place.fixture.open())
        var identifier = try ChunkIdentifier(keys: run.keys)
        let content = place.content
        let chunk = try unsafe identifier.identify(content.span.bytes, type: .data)
        #expect(!run.index.isReusable(chunk))
        run.abandon()
        #expect(try #require(refusal { try place.fixture.prune() }).code == .integrity)
    }

    @Test func onePlanOfANumberIsCarriedOut() throws {
        let place = try Place()
        // While the first waits, another prune runs to its end.
        let (run, _) = try place.begin()
        let other = Atomic<Bool>(false)
        place.fixture.whileWaiting {
            guard !other.exchange(true, ordering: .relaxed) else { return }
            // As on another host that cannot see the first one's lease move.
            for name in try place.fixture.base.names(ObjectNames.leases) where name.path.hasSuffix("0000000000") {
                place.fixture.store.overwrite(name, with: nil)
            }
            _ = try place.fixture.prune()
        }
        let error = try #require(refusal { try place.fixture.prune() })
        #expect(error.code == .busy)
        try place.fixture.expectWhole()
        run.abandon()
    }

    @Test func youngerPruneYields() throws {
        let place = try Place()
        let first = try WriteRun.begin(try place.fixture.open(), activity: .prune)
        place.fixture.clock.advance(1_000_000_000)
        let error = refusal {
            try place.fixture.prune(environment: place.fixture.environment(processState: .running))
        }
        #expect(error?.code == .busy)
        first.finish()
        try place.fixture.prune()
        try place.fixture.expectWhole()
    }

    @Test("row 26: a prune that is killed at any write leaves everything whole, and the next one frees the space")
    func pruneKilledAtAnyWrite() throws {
        let place = try Place()
        let whole = place.fixture.store.copy()
        _ = try place.fixture.prune(whole)
        let freed = try place.fixture.packBytes(whole)
        var isDone = false
        var writes = 0
        while !isDone {
            let copy = place.fixture.store.copy()
            let dying = FaultyStore(copy, stopAfterWrites: writes)
            do {
                _ = try place.fixture.prune(dying)
                isDone = dying.injectedCount == 0
            } catch {}
            try place.fixture.expectWhole(copy)
            // Another host: nobody knows whether the first is alive, so its lease has to run out.
            _ = try place.fixture.prune(copy)
            #expect(try place.fixture.packBytes(copy) <= freed + freed / 8, "killed after \(writes) writes")
            try place.fixture.expectWhole(copy)
            let log = try CommitLog.load(try place.fixture.open(copy))
            #expect(log.commits.map(\.id) == [place.kept])
            writes += 1
        }
        #expect(writes > 8)
    }

    @Test("row 26: a backup beside a prune, at any write of the prune")
    func backupAtAnyWriteOfThePrune() throws {
        let place = try Place()
        var isDone = false
        var writes = 1
        while !isDone {
            let copy = place.fixture.store.copy()
            let left = Atomic<Int>(writes)
            let request = BackupRequest(
                dataset: "beside",
                source: .files([Array(place.fixture.base.source.utf8)]),
                host: "h"
            )
            let saved = Mutex<ObjectHash?>(nil)
            let hooked = HookedStore(copy) { _ in
                guard left.wrappingSubtract(1, ordering: .relaxed).oldValue == 1 else { return }
                let backup = try? Backup(
                    repository: try place.fixture.open(copy),
                    request: request,
                    observer: QuietObserver()
                ).run()
                saved.withLock { $0 = backup?.snapshot }
            }
            _ = try place.fixture.prune(hooked)
            isDone = left.load(ordering: .relaxed) > 0
            if !isDone { #expect(saved.withLock { $0 } != nil) }
            try place.fixture.expectWhole(copy)
            writes += 1
        }
        #expect(writes > 8)
    }
}

/// Calls a closure before each put, commit and removal.
final class HookedStore: ObjectStore {
    private let base: any ObjectStore
    private let before: @Sendable (String) -> Void

    init(_ base: any ObjectStore, before: @escaping @Sendable (String) -> Void) {
        self.base = base
        self.before = before
    }

    var location: String { base.location }
    func makeWriter() throws -> any ObjectWriter { try base.makeWriter() }

    func put(_ name: ObjectName, _ bytes: [UInt8]) throws {
        before(name.path)
        try base.put(name, bytes)
    }

    func read(_ name: ObjectName, range: Range<UInt64>) throws -> [UInt8] { try base.read(name, range: range) }

    func read(_ name: ObjectName, offset: UInt64, count: Int, into buffer: inout [UInt8], at position: Int) throws {
        try base.read(name, offset: offset, count: count, into: &buffer, at: position)
    }

    func readAll(_ name: ObjectName, atMost limit: Int) throws -> [UInt8] { try base.readAll(name, atMost: limit) }
    func byteCount(of name: ObjectName) throws -> UInt64 { try base.byteCount(of: name) }

    func list(prefix: String, _ body: (ObjectName, UInt64) throws -> Void) throws {
        try base.list(prefix: prefix, body)
    }

    func remove(_ name: ObjectName) throws {
        before(name.path)
        try base.remove(name)
    }

    func exists(_ name: ObjectName) throws -> Bool { try base.exists(name) }
}

/// A store that is gone for good once something below a folder was written.
final class StopAfter: ObjectStore {
    private let base: any ObjectStore
    private let prefix: String
    private let isGone = Atomic<Bool>(false)

    init(_ base: any ObjectStore, prefix: String) {
        self.base = base
        self.prefix = prefix
    }

    private func alive() throws {
        if isGone.load(ordering: .relaxed) { throw StorageError(.unavailable, "the store has stopped") }
    }

    var location: String { base.location }

    func makeWriter() throws -> any ObjectWriter {
        try alive()
        return try base.makeWriter()
    }

    func put(_ name: ObjectName, _ bytes: [UInt8]) throws {
        try alive()
        try base.put(name, bytes)
        if name.path.hasPrefix(prefix) { isGone.store(true, ordering: .relaxed) }
    }

    func read(_ name: ObjectName, range: Range<UInt64>) throws -> [UInt8] {
        try alive()
        return try base.read(name, range: range)
    }

    func read(_ name: ObjectName, offset: UInt64, count: Int, into buffer: inout [UInt8], at position: Int) throws {
        try alive()
        try base.read(name, offset: offset, count: count, into: &buffer, at: position)
    }

    func readAll(_ name: ObjectName, atMost limit: Int) throws -> [UInt8] {
        try alive()
        return try base.readAll(name, atMost: limit)
    }

    func byteCount(of name: ObjectName) throws -> UInt64 {
        try alive()
        return try base.byteCount(of: name)
    }

    func list(prefix: String, _ body: (ObjectName, UInt64) throws -> Void) throws {
        try alive()
        try base.list(prefix: prefix, body)
    }

    func remove(_ name: ObjectName) throws {
        try alive()
        try base.remove(name)
    }

    func exists(_ name: ObjectName) throws -> Bool {
        try alive()
        return try base.exists(name)
    }
}
