import ObjectStorage
import Synchronization
import TestSupport
import Testing

@testable import RemoteStorage

/// A clock that runs only when somebody sleeps.
private final class TestClock: ResilienceClock {
    private let state: Mutex<(now: Double, random: SeededGenerator)>

    init(seed: UInt64 = 1) { state = Mutex((1000, SeededGenerator(seed: seed))) }

    var now: Double { state.withLock { $0.now } }
    func sleep(seconds: Double) { state.withLock { $0.now += max(seconds, 0.001) } }
    func random() -> Double { state.withLock { Double($0.random.next() >> 11) / Double(1 << 53) } }
}

private let away = StorageError(.unavailable, "no answer")

struct ResilienceTests {
    private func code(_ body: () throws -> Void) -> StorageError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? StorageError)?.code
        }
    }

    @Test
    func pausesGrowWithinBoundsAndEnd() {
        let policy = RetryPolicy(totalSeconds: 100)
        for failures in 1..<200 {
            for random in [0, 0.25, 0.999] {
                let pause = policy.pause(afterFailures: failures, elapsed: 10, random: random) ?? -1
                #expect(pause >= 0 && pause <= 60 && pause <= 90)
                #expect(failures > 1 || pause <= policy.firstPause)
            }
        }
        #expect(policy.pause(afterFailures: 20, elapsed: 0, random: 0.999) ?? 0 > 50)
        #expect(policy.pause(afterFailures: 20, elapsed: 99, random: 0.999) == 1)
        #expect(policy.pause(afterFailures: 1, elapsed: 100, random: 0) == nil)
        #expect(RetryPolicy(totalSeconds: 0).pause(afterFailures: 1, elapsed: 0, random: 0) == nil)
    }

    @Test
    func theBreakerOpensProbesAndCloses() {
        var breaker = CircuitBreaker(threshold: 3, coolDown: 10)
        for _ in 0..<2 { breaker.noteFailure(now: 0) }
        #expect(breaker.verdict(now: 0) == .proceed)
        breaker.noteAnswer()
        for _ in 0..<3 { breaker.noteFailure(now: 0) }
        #expect(breaker.verdict(now: 4) == .wait(6))
        #expect(breaker.verdict(now: 10) == .probe)
        #expect(breaker.verdict(now: 10) == .wait(1), "two probes at once")
        breaker.noteFailure(now: 11)
        #expect(breaker.verdict(now: 20) == .wait(1))
        #expect(breaker.verdict(now: 21) == .probe)
        breaker.noteAnswer()
        #expect(breaker.verdict(now: 21) == .proceed && !breaker.isOpen)
    }

    @Test(arguments: [1.0, 1000, 1e6, 1e9])
    func theBucketKeepsToItsRate(rate: Double) {
        var random = SeededGenerator(seed: 5)
        var bucket = TokenBucket(bytesPerSecond: rate)
        var now = 0.0
        var taken = 0.0
        for _ in 0..<1000 {
            let count = Int(random.next() % UInt64(max(rate / 2, 2)))
            now += bucket.take(count, now: now)
            taken += Double(count)
            #expect(taken <= bucket.capacity + now * rate * 1.000001 + 1)
        }
        #expect(taken >= now * rate * 0.9, "slower than it has to be")
    }

    /// The whole conformance suite through a store that fails every eighth time, before or after its effect.
    @Test(arguments: 1...12)
    func aStoreThatFailsOftenConforms(seed: UInt64) throws {
        let faults: [FaultyStore.Fault] = [.fail(away), .failAfterEffect(away)]
        let directory = try TemporaryDirectory()
        var violations = try ObjectStoreConformance.violations(seed: seed) {
            let faulty = FaultyStore(MemoryObjectStore(), seed: seed, oneIn: 8, faults: faults)
            var settings = ResilienceSettings()
            settings.spoolDirectory = seed % 2 == 0 ? directory.path : nil
            return ResilientStore(faulty, settings: settings, clock: TestClock(seed: seed))
        }
        // After an attempt without an answer these cannot be told from its own success.
        violations.removeAll { violation in
            ["put of equal bytes", "removing a missing", "removing twice"].contains { violation.contains($0) }
        }
        #expect(violations == [])
    }

    @Test
    func aLostAnswerIsNoFailureAndAStrangersObjectIsOne() throws {
        let memory = MemoryObjectStore()
        let faulty = FaultyStore(memory, rules: [.init(.create, occurrence: 1, .failAfterEffect(away))])
        let store = ResilientStore(faulty, clock: TestClock())
        let name = try ObjectName("packs/a")
        try store.put(name, [1, 2])
        #expect(code { try store.put(name, [1, 2]) } == .alreadyExists)

        // Somebody else has taken the name while the answer was awaited.
        let other = try ObjectName("packs/b")
        let second = FaultyStore(memory, rules: [.init(.create, occurrence: 1, .fail(away))])
        try memory.put(other, [9, 9])
        #expect(code { try ResilientStore(second, clock: TestClock()).put(other, [1, 2]) } == .alreadyExists)
        let third = FaultyStore(memory, rules: [.init(.create, occurrence: 1, .fail(away))])
        let writer = try ResilientStore(third, clock: TestClock()).makeWriter()
        try writer.append([1, 2])
        #expect(code { try writer.commit(as: other) } == .alreadyExists)
        #expect(try memory.readAll(other, atMost: 2) == [9, 9])
    }

    @Test
    func refusalsAreNotTriedAgain() throws {
        for refusal in StorageError.Code.allCases where refusal != .unavailable {
            let faulty = FaultyStore(
                MemoryObjectStore(),
                rules: [.init(nil, .fail(StorageError(refusal, "refused")))]
            )
            let store = ResilientStore(faulty, clock: TestClock())
            #expect(code { _ = try store.exists(try ObjectName("a")) } == refusal)
            #expect(faulty.operationCount == 1)
        }
    }

    @Test
    func aDeadStoreIsGivenUpOnceAndThenQuickly() throws {
        let faulty = FaultyStore(MemoryObjectStore(), rules: [.init(nil, .fail(away))])
        let clock = TestClock()
        let warnings = Mutex<[String]>([])
        var settings = ResilienceSettings()
        settings.warn = { text in warnings.withLock { $0.append(text) } }
        let store = ResilientStore(faulty, settings: settings, clock: clock)
        let start = clock.now
        #expect(code { _ = try store.exists(try ObjectName("a")) } == .unavailable)
        #expect((890...930).contains(clock.now - start), "it took \(clock.now - start) s")
        #expect(warnings.withLock { $0.count } == 1)
        let (operations, time) = (faulty.operationCount, clock.now)
        #expect(operations > 10)
        for _ in 0..<3 { #expect(code { try store.remove(try ObjectName("a")) } == .unavailable) }
        #expect(faulty.operationCount == operations + 3 && clock.now == time)
        faulty.heal()
        try store.put(ObjectName("a"), [1])
    }

    @Test
    func whoeverWantsToStopDoesNotWait() throws {
        let faulty = FaultyStore(MemoryObjectStore(), rules: [.init(nil, .fail(away))])
        var settings = ResilienceSettings()
        settings.isCancelled = { true }
        let clock = TestClock()
        #expect(
            code {
                _ = try ResilientStore(faulty, settings: settings, clock: clock).makeWriter().commit(
                    as: try ObjectName("a")
                )
            } == .unavailable
        )
        #expect(clock.now == 1000 && faulty.operationCount == 1)
    }

    @Test
    func aListingThatIsBegunAgainRepeatsNothing() throws {
        let memory = MemoryObjectStore()
        let names = ["a-b", "a/1", "a/2", "a.b", "b", "c/d/e"]
        for name in names { try memory.put(ObjectName(name), [1]) }
        let faulty = FaultyStore(memory, rules: [.init(.list, occurrence: 1, .failAfterEffect(away))])
        var listed: [String] = []
        try ResilientStore(faulty, clock: TestClock()).list(prefix: "") { name, _ in listed.append(name.path) }
        #expect(listed == ["a/1", "a/2", "a-b", "a.b", "b", "c/d/e"])
    }

    @Test
    func transfersKeepToTheirLimits() throws {
        var settings = ResilienceSettings()
        settings.uploadLimit = 100_000
        settings.downloadLimit = 200_000
        let clock = TestClock()
        let store = ResilientStore(MemoryObjectStore(), settings: settings, clock: clock)
        let writer = try store.makeWriter()
        for _ in 0..<10 { try writer.append([UInt8](repeating: 7, count: 100_000)) }
        var start = clock.now
        try writer.commit(as: ObjectName("a"))
        #expect((9.5...10.5).contains(clock.now - start), "it took \(clock.now - start) s")
        start = clock.now
        for index in 0..<10 {
            _ = try store.read(ObjectName("a"), range: UInt64(index) * 100_000..<UInt64(index + 1) * 100_000)
        }
        #expect((4.5...5.5).contains(clock.now - start), "it took \(clock.now - start) s")
    }
}
