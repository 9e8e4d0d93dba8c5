package import ObjectStorage
internal import Synchronization

/// A store that passes everything on to another one, except for the faults that its plan orders.
package final class FaultyStore: ObjectStore {
    /// What goes wrong.
    package enum Fault: Sendable {
        /// The operation has no effect and throws.
        case fail(StorageError)
        /// The operation has its effect and throws all the same, as when an answer is lost on the way.
        case failAfterEffect(StorageError)
        /// One bit of what is read is wrong: the bit of this number, taken modulo the bits that are read.
        case flipBit(Int)
        /// A read throws `truncated`, as if the object were shorter than it is.
        case truncate
        /// A put or commit or removal has no effect and reports success.
        case lie
    }

    /// What can go wrong.
    package enum Operation: Sendable, CaseIterable {
        /// `makeWriter`.
        case begin
        /// `append` of a writer.
        case append
        /// `put`, or `commit` of a writer.
        case create
        /// `read` in both forms, and `readAll`.
        case read
        /// `byteCount` and `exists`.
        case status
        /// `list`.
        case list
        /// `remove`.
        case remove
    }

    /// A fault and when it happens.
    package struct Rule: Sendable {
        /// The operation it befalls, or nil for any.
        package var operation: Operation?
        /// The prefix of the object's or folder's name; empty for any.
        package var prefix: String
        /// Of the matching operations the one with this number, counted from 1; or nil for every one.
        package var occurrence: Int?
        /// What happens then.
        package var fault: Fault

        /// Says what goes wrong, and when.
        package init(
            _ operation: Operation?,
            prefix: String = "",
            occurrence: Int? = nil,
            _ fault: Fault
        ) {
            self.operation = operation
            self.prefix = prefix
            self.occurrence = occurrence
            self.fault = fault
        }
    }

    private struct State {
        var rules: [(rule: Rule, matches: Int)]
        var random: (generator: SeededGenerator, oneIn: UInt64, faults: [Fault])?
        var writesLeft: Int?
        var operations = 0
        var injected = 0
    }

    /// What is at the other store's location, and that it is faulty.
    package var location: String { "faulty " + base.location }

    /// The store behind this one, free of faults.
    package let base: any ObjectStore

    private let state: Mutex<State>

    /// Puts a plan of faults before a store.
    /// - Parameter stopAfterWrites: after so many puts, commits and removals the store is dead: everything throws
    ///   `unavailable`, as if the process had lost it for good.
    package init(_ base: any ObjectStore, rules: [Rule] = [], stopAfterWrites: Int? = nil) {
        self.base = base
        state = Mutex(State(rules: rules.map { ($0, 0) }, writesLeft: stopAfterWrites))
    }

    /// Lets a fault befall one in `oneIn` operations, drawn with the seed from the given ones.
    package init(_ base: any ObjectStore, seed: UInt64, oneIn: Int, faults: [Fault]) {
        self.base = base
        let random = (SeededGenerator(seed: seed), UInt64(max(oneIn, 1)), faults)
        state = Mutex(State(rules: [], random: faults.isEmpty ? nil : random, writesLeft: nil))
    }

    /// How many operations were asked for.
    package var operationCount: Int { state.withLock { $0.operations } }

    /// How many of them were made to go wrong.
    package var injectedCount: Int { state.withLock { $0.injected } }

    /// Ends all faults, and raises a dead store.
    package func heal() {
        state.withLock {
            $0.rules = []
            $0.random = nil
            $0.writesLeft = nil
        }
    }

    /// Begins an object.
    package func makeWriter() throws -> any ObjectWriter {
        try performing(.begin, "") { FaultyWriter(store: self, base: try base.makeWriter()) }
    }

    /// Creates an object.
    package func put(_ name: ObjectName, _ bytes: [UInt8]) throws {
        try performing(.create, name.path, whenLying: ()) { try base.put(name, bytes) }
    }

    /// Reads a range of an object's bytes.
    package func read(_ name: ObjectName, range: Range<UInt64>) throws -> [UInt8] {
        try reading(name) { try base.read(name, range: range) }
    }

    /// Reads exactly `count` bytes from an offset into a buffer at a position.
    package func read(
        _ name: ObjectName,
        offset: UInt64,
        count: Int,
        into buffer: inout [UInt8],
        at position: Int
    ) throws {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(count))
        guard !overflow else { throw StorageError(.truncated, "no object is that long", object: name) }
        buffer.replaceSubrange(position..<position + count, with: try read(name, range: offset..<end))
    }

    /// Reads a whole object of at most `limit` bytes.
    package func readAll(_ name: ObjectName, atMost limit: Int) throws -> [UInt8] {
        try reading(name) { try base.readAll(name, atMost: limit) }
    }

    /// The length of an object.
    package func byteCount(of name: ObjectName) throws -> UInt64 {
        try performing(.status, name.path) { try base.byteCount(of: name) }
    }

    /// Lists every object below a folder.
    package func list(prefix: String, _ body: (ObjectName, _ byteCount: UInt64) throws -> Void) throws {
        try performing(.list, prefix) { try base.list(prefix: prefix, body) }
    }

    /// Removes an object.
    package func remove(_ name: ObjectName) throws {
        try performing(.remove, name.path, whenLying: ()) { try base.remove(name) }
    }

    /// Whether there is an object of that name.
    package func exists(_ name: ObjectName) throws -> Bool {
        try performing(.status, name.path) { try base.exists(name) }
    }
}

extension FaultyStore {
    private func reading(_ name: ObjectName, _ body: () throws -> [UInt8]) throws -> [UInt8] {
        var flipped: Int?
        var bytes = try performing(.read, name.path, flipping: &flipped, body)
        if let flipped, !bytes.isEmpty {
            let bit = abs(flipped) % (bytes.count * 8)
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
        return bytes
    }

    func performing<Result>(
        _ operation: Operation,
        _ name: String,
        whenLying lie: Result? = nil,
        _ body: () throws -> Result
    ) throws -> Result {
        var flipped: Int?
        return try performing(operation, name, whenLying: lie, flipping: &flipped, body)
    }

    private func performing<Result>(
        _ operation: Operation,
        _ name: String,
        whenLying lie: Result? = nil,
        flipping flipped: inout Int?,
        _ body: () throws -> Result
    ) throws -> Result {
        switch try nextFault(operation, name) {
        case nil:
            return try body()
        case .fail(let error):
            throw error
        case .failAfterEffect(let error):
            _ = try body()
            throw error
        case .flipBit(let bit):
            flipped = bit
            return try body()
        case .truncate:
            if operation != .read { return try body() }
            throw StorageError(.truncated, "it ends before the bytes that were asked for", object: nil)
        case .lie:
            return if let lie { lie } else { try body() }
        }
    }

    private func nextFault(_ operation: Operation, _ name: String) throws -> Fault? {
        try state.withLock { state in
            state.operations += 1
            if let left = state.writesLeft {
                guard left > 0 else {
                    state.injected += 1
                    throw StorageError(.unavailable, "the store has stopped")
                }
                if operation == .create || operation == .remove { state.writesLeft = left - 1 }
            }
            for index in state.rules.indices {
                let rule = state.rules[index].rule
                guard rule.operation == nil || rule.operation == operation, name.hasPrefix(rule.prefix) else {
                    continue
                }
                state.rules[index].matches += 1
                guard rule.occurrence == nil || rule.occurrence == state.rules[index].matches else { continue }
                state.injected += 1
                return rule.fault
            }
            guard var random = state.random else { return nil }
            defer { state.random = random }
            guard random.generator.next() % random.oneIn == 0 else { return nil }
            state.injected += 1
            return random.faults[Int(random.generator.next() % UInt64(random.faults.count))]
        }
    }
}
