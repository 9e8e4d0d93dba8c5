package import ObjectStorage
internal import Synchronization

/// A store around another one that may be away for a while: it tries again, keeps to limits of bandwidth, and never
/// takes its own object for somebody else's.
///
/// What is written is kept (in a file without a name) until the other store has it, so that it can be sent again from
/// the beginning. When an attempt to create an object came to no clear end and the next one finds that there is an
/// object of that name, the bytes are compared: equal ones are the attempt's own, which has succeeded.
package final class ResilientStore: ObjectStore {
    /// Where the other store is.
    package var location: String { base.location }

    /// The other store.
    package let base: any ObjectStore
    let settings: ResilienceSettings
    private let clock: any ResilienceClock
    private let health: Mutex<Health>
    private let upload: Throttle?
    private let download: Throttle?

    private struct Health {
        var breaker: CircuitBreaker
        /// Whether an operation has used up its time; the next ones get one attempt each until the store answers.
        var hasGivenUp = false
    }

    /// Puts the layer around a store.
    package init(
        _ base: any ObjectStore,
        settings: ResilienceSettings = ResilienceSettings(),
        clock: any ResilienceClock = SystemResilienceClock(),
        breaker: CircuitBreaker = CircuitBreaker()
    ) {
        self.base = base
        self.settings = settings
        self.clock = clock
        health = Mutex(Health(breaker: breaker))
        upload = settings.uploadLimit.map { Throttle(bytesPerSecond: $0, clock) }
        download = settings.downloadLimit.map { Throttle(bytesPerSecond: $0, clock) }
    }

    /// Creates an object.
    package func put(_ name: ObjectName, _ bytes: [UInt8]) throws {
        try create(name, compare: { try self.holds(name, bytes) }) {
            self.waitToSend(bytes.count)
            try self.base.put(name, bytes)
        }
    }

    /// Begins an object; it is sent when it is committed.
    package func makeWriter() throws -> any ObjectWriter { ResilientWriter(self) }

    /// Reads a range of an object's bytes.
    package func read(_ name: ObjectName, range: Range<UInt64>) throws -> [UInt8] {
        let bytes = try attempting { try base.read(name, range: range) }
        // Waited for afterwards: what a damaged index asks for may be longer than anything that is there.
        waitToFetch(bytes.count)
        return bytes
    }

    /// Reads exactly `count` bytes from an offset into a buffer at a position.
    package func read(
        _ name: ObjectName,
        offset: UInt64,
        count: Int,
        into buffer: inout [UInt8],
        at position: Int
    ) throws {
        try attempting { try base.read(name, offset: offset, count: count, into: &buffer, at: position) }
        waitToFetch(count)
    }

    /// Reads a whole object of at most `limit` bytes.
    package func readAll(_ name: ObjectName, atMost limit: Int) throws -> [UInt8] {
        let bytes = try attempting { try base.readAll(name, atMost: limit) }
        waitToFetch(bytes.count)
        return bytes
    }

    /// The length of an object.
    package func byteCount(of name: ObjectName) throws -> UInt64 { try attempting { try base.byteCount(of: name) } }

    /// Whether there is an object of that name.
    package func exists(_ name: ObjectName) throws -> Bool { try attempting { try base.exists(name) } }

    /// Lists every object below a folder; an attempt that is made anew leaves out what was handed on already.
    package func list(prefix: String, _ body: (ObjectName, _ byteCount: UInt64) throws -> Void) throws {
        var last: ObjectName?
        // What the closure throws is its own affair and no failure of the store.
        var thrown: (any Error)?
        try attempting {
            var skips = last != nil
            do {
                try base.list(prefix: prefix) { name, byteCount in
                    if skips, let known = last {
                        guard listingOrder(known, name) else { return }
                        skips = false
                    }
                    last = name
                    do {
                        try body(name, byteCount)
                    } catch {
                        thrown = error
                        throw ListingStopped()
                    }
                }
            } catch is ListingStopped {}
        }
        if let thrown { throw thrown }
    }

    /// Removes an object.
    package func remove(_ name: ObjectName) throws {
        var isUnclear = false
        try attempting {
            do {
                try base.remove(name)
            } catch let error as StorageError {
                // An attempt before this one may have removed it although its answer was lost.
                if error.code == .notFound, isUnclear { return }
                if error.isTransient { isUnclear = true }
                throw error
            }
        }
    }

    /// Removes what ended processes have left behind.
    package func removeStaleTemporaries() throws -> Int { try attempting { try base.removeStaleTemporaries() } }
}

/// Ends a listing whose closure has thrown.
private struct ListingStopped: Error {}

/// Whether a listing gives the first name before the second: components compare one by one, as folders do.
func listingOrder(_ first: ObjectName, _ second: ObjectName) -> Bool {
    first.components.lexicographicallyPrecedes(second.components)
}

extension ResilientStore {
    /// Makes attempts until one comes to a clear end or the time is over.
    func attempting<Result>(_ body: () throws -> Result) throws -> Result {
        let start = clock.now
        var failures = 0
        while true {
            try awaitTurn(since: start)
            do {
                let result = try body()
                noteAnswer()
                return result
            } catch let error as StorageError where error.isTransient {
                failures += 1
                let wasHealthy = health.withLock { health in
                    defer { health.breaker.noteFailure(now: clock.now) }
                    return !health.breaker.isOpen
                }
                let pause = settings.retry.pause(
                    afterFailures: failures,
                    elapsed: clock.now - start,
                    random: clock.random()
                )
                guard let pause, !isHopeless else {
                    health.withLock { $0.hasGivenUp = true }
                    throw error
                }
                if failures == 1, wasHealthy { settings.warn("\(error); trying again") }
                guard sleep(pause) else { throw error }
            } catch {
                // A refusal is an answer.
                noteAnswer()
                throw error
            }
        }
    }

    /// Waits until the circuit breaker lets an attempt through.
    private func awaitTurn(since start: Double) throws {
        while !isHopeless {
            let verdict = health.withLock { $0.breaker.verdict(now: clock.now) }
            guard case .wait(let seconds) = verdict else { return }
            guard clock.now - start < settings.retry.totalSeconds else {
                throw StorageError(.unavailable, "\(location) has been unavailable for too long")
            }
            guard sleep(seconds) else { return }
        }
    }

    /// Whether operations get one attempt and no more.
    private var isHopeless: Bool {
        settings.isCancelled() || settings.retry.totalSeconds <= 0 || health.withLock { $0.hasGivenUp }
    }

    private func noteAnswer() {
        health.withLock { health in
            health.breaker.noteAnswer()
            health.hasGivenUp = false
        }
    }

    /// Makes attempts to create an object.
    ///
    /// - Parameter compare: whether the object of that name has the bytes that are to be stored.
    func create(_ name: ObjectName, compare: () throws -> Bool, _ body: () throws -> Void) throws {
        var isUnclear = false
        try attempting {
            do {
                try body()
            } catch let error as StorageError {
                if error.code == .alreadyExists, isUnclear, try compare() { return }
                if error.isTransient { isUnclear = true }
                throw error
            }
        }
    }

    /// Waits until so many bytes may be sent.
    func waitToSend(_ count: Int) { upload?.wait(count, settings.isCancelled) }

    /// Waits until so many bytes may be fetched.
    func waitToFetch(_ count: Int) { download?.wait(count, settings.isCancelled) }

    /// Lets time pass, in steps, so that a user who wants to stop does not wait.
    /// - Returns: false if the user wants to stop.
    private func sleep(_ seconds: Double) -> Bool {
        let end = clock.now + seconds
        while clock.now < end {
            if settings.isCancelled() { return false }
            clock.sleep(seconds: min(end - clock.now, 0.25))
        }
        return !settings.isCancelled()
    }

    private func holds(_ name: ObjectName, _ bytes: [UInt8]) throws -> Bool {
        guard try base.byteCount(of: name) == UInt64(bytes.count) else { return false }
        return try base.readAll(name, atMost: bytes.count) == bytes
    }
}
