import ObjectStorage
import TestSupport
import Threads

/// Lets the operations of several participants on one store happen in an order that a seed decides.
///
/// Each operation stops before it happens until the scheduler lets it go. Now and then a participant is frozen for a
/// while, as a machine that sleeps; or killed: from then on nothing that it does has an effect.
final class Scheduler: Sendable {
    /// What a participant is about to do.
    private struct Pending {
        var ticket: Int
        var participant: Int
    }

    private struct State {
        var pending: [Pending] = []
        var granted: Set<Int> = []
        var killed: Set<Int> = []
        var finished: Set<Int> = []
        var tickets = 0
    }

    private let monitor = Monitor(State())
    private let participants: Int

    init(participants: Int) { self.participants = participants }

    /// Waits for the participant's turn.
    ///
    /// - Throws: `StorageError.unavailable` if it was killed.
    func turn(of participant: Int) throws {
        let ticket = monitor.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        monitor.change { $0.pending.append(Pending(ticket: ticket, participant: participant)) }
        let isAlive =
            monitor.wait { state -> Bool? in
                if state.killed.contains(participant) {
                    state.pending.removeAll { $0.ticket == ticket }
                    return false
                }
                return state.granted.remove(ticket) == nil ? nil : true
            } ?? false
        if !isAlive { throw StorageError(.unavailable, "the process was killed") }
    }

    /// Whether a participant was killed: what it makes of that is its own affair.
    func isKilled(_ participant: Int) -> Bool { monitor.withLock { $0.killed.contains(participant) } }

    /// Says that a participant has come to its end.
    func finish(_ participant: Int) { monitor.change { _ = $0.finished.insert(participant) } }

    /// Lets everybody go on until all are finished.
    ///
    /// - Parameter kills: whether participants are killed now and then.
    /// - Returns: how many operations were let go.
    func run(seed: UInt64, kills: Bool) -> Int {
        var random = SeededGenerator(seed: seed)
        var steps = 0
        var frozen: (participant: Int, until: Int)?
        var victim: (participant: Int, at: Int)?
        if kills { victim = (Int(random.next() % UInt64(participants)), Int(random.next() % 400)) }
        while true {
            let isOver = monitor.withLock { $0.finished.count == participants }
            if isOver { return steps }
            if let dying = victim, steps >= dying.at {
                monitor.change { _ = $0.killed.insert(dying.participant) }
                victim = nil
            }
            if let sleeping = frozen, steps >= sleeping.until { frozen = nil }
            if frozen == nil, random.next() % 40 == 0 {
                frozen = (Int(random.next() % UInt64(participants)), steps + Int(random.next() % 150))
            }
            // Until everybody who is neither frozen nor at its end stands before an operation, or is busy otherwise.
            let asleep = frozen?.participant
            _ = monitor.wait(seconds: 0.002) { state -> Void? in
                let ready = Set(state.pending.map(\.participant)).union(state.finished).union(state.killed)
                return (0..<self.participants).allSatisfy { $0 == asleep || ready.contains($0) } ? () : nil
            }
            let number = random.next()
            let didStep = monitor.change { state -> Bool in
                // By participant first, so that one with many threads gets no larger share.
                let ready = Set(state.pending.map(\.participant)).filter { $0 != asleep }.sorted()
                guard !ready.isEmpty else { return false }
                let chosen = ready[Int(number % UInt64(ready.count))]
                guard let place = state.pending.firstIndex(where: { $0.participant == chosen }) else { return false }
                state.granted.insert(state.pending.remove(at: place).ticket)
                return true
            }
            if didStep {
                steps += 1
            } else if asleep != nil, monitor.withLock({ $0.finished.count == participants - 1 }) {
                frozen = nil
            }
        }
    }
}

/// A participant's way to the store.
final class ScheduledStore: ObjectStore {
    private let base: any ObjectStore
    private let scheduler: Scheduler
    private let participant: Int

    init(_ base: any ObjectStore, _ scheduler: Scheduler, _ participant: Int) {
        self.base = base
        self.scheduler = scheduler
        self.participant = participant
    }

    var location: String { base.location }

    func makeWriter() throws -> any ObjectWriter {
        ScheduledWriter(base: try base.makeWriter()) { [scheduler, participant] in
            try scheduler.turn(of: participant)
        }
    }

    func put(_ name: ObjectName, _ bytes: [UInt8]) throws {
        try scheduler.turn(of: participant)
        try base.put(name, bytes)
    }

    func read(_ name: ObjectName, range: Range<UInt64>) throws -> [UInt8] {
        try scheduler.turn(of: participant)
        return try base.read(name, range: range)
    }

    func read(_ name: ObjectName, offset: UInt64, count: Int, into buffer: inout [UInt8], at position: Int) throws {
        try scheduler.turn(of: participant)
        try base.read(name, offset: offset, count: count, into: &buffer, at: position)
    }

    func readAll(_ name: ObjectName, atMost limit: Int) throws -> [UInt8] {
        try scheduler.turn(of: participant)
        return try base.readAll(name, atMost: limit)
    }

    func byteCount(of name: ObjectName) throws -> UInt64 {
        try scheduler.turn(of: participant)
        return try base.byteCount(of: name)
    }

    func list(prefix: String, _ body: (ObjectName, UInt64) throws -> Void) throws {
        try scheduler.turn(of: participant)
        try base.list(prefix: prefix, body)
    }

    func remove(_ name: ObjectName) throws {
        try scheduler.turn(of: participant)
        try base.remove(name)
    }

    func exists(_ name: ObjectName) throws -> Bool {
        try scheduler.turn(of: participant)
        return try base.exists(name)
    }
}

/// An object that comes to exist when it is the participant's turn.
private final class ScheduledWriter: ObjectWriter {
    private let base: any ObjectWriter
    private let turn: () throws -> Void

    init(base: any ObjectWriter, turn: @escaping () throws -> Void) {
        self.base = base
        self.turn = turn
    }

    var byteCount: UInt64 { base.byteCount }
    func append(_ bytes: RawSpan) throws { try base.append(bytes) }

    func commit(as name: ObjectName) throws {
        try turn()
        try base.commit(as: name)
    }

    func abandon() { base.abandon() }
}
