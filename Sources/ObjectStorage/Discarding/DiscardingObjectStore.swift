internal import Synchronization

/// A store for measuring: what is put is kept in memory, what is written through a writer (packs) is counted and dropped.
package final class DiscardingObjectStore: ObjectStore {
    /// Words for people.
    package let location = "nowhere"

    private struct State {
        var objects: [ObjectName: [UInt8]] = [:]
        var discardedByteCount: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Makes an empty store.
    package init() {}

    /// Bytes of all objects that were written through writers, dropped by now.
    package var discardedByteCount: UInt64 { state.withLock { $0.discardedByteCount } }

    /// Begins an object that will be dropped.
    package func makeWriter() throws -> any ObjectWriter { DiscardingWriter(store: self) }

    /// Keeps an object in memory.
    package func put(_ name: ObjectName, _ bytes: [UInt8]) throws {
        let isNew = state.withLock { state in
            guard state.objects[name] == nil else { return false }
            state.objects[name] = bytes
            return true
        }
        if !isNew { throw StorageError(.alreadyExists, "it exists already", object: name) }
    }

    /// Reads a range of an object that was put.
    package func read(_ name: ObjectName, range: Range<UInt64>) throws -> [UInt8] {
        let bytes = try find(name)
        guard range.upperBound <= UInt64(bytes.count) else {
            throw StorageError(.truncated, "it ends before byte \(range.upperBound)", object: name)
        }
        return Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    /// Reads bytes of an object that was put into a buffer.
    package func read(
        _ name: ObjectName,
        offset: UInt64,
        count: Int,
        into buffer: inout [UInt8],
        at position: Int
    ) throws {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(count))
        guard !overflow else { throw StorageError(.truncated, "it ends before that", object: name) }
        buffer.replaceSubrange(position..<position + count, with: try read(name, range: offset..<end))
    }

    /// Reads a whole object that was put.
    package func readAll(_ name: ObjectName, atMost limit: Int) throws -> [UInt8] {
        let bytes = try find(name)
        guard bytes.count <= limit else {
            throw StorageError(.tooLarge, "it is \(bytes.count) bytes long, more than \(limit)", object: name)
        }
        return bytes
    }

    /// The length of an object that was put.
    package func byteCount(of name: ObjectName) throws -> UInt64 { UInt64(try find(name).count) }

    /// Lists what was put.
    package func list(prefix: String, _ body: (ObjectName, _ byteCount: UInt64) throws -> Void) throws {
        let folder = try folder(of: prefix)
        let found = state.withLock { state in
            state.objects.filter { folder.isEmpty || $0.key.path.hasPrefix(folder + "/") }
                .map { ($0.key, $0.value.count) }
        }
        for (name, count) in found.sorted(by: { $0.0.path < $1.0.path }) { try body(name, UInt64(count)) }
    }

    /// Removes an object that was put.
    package func remove(_ name: ObjectName) throws {
        _ = try find(name)
        state.withLock { $0.objects[name] = nil }
    }

    /// Whether an object of that name was put.
    package func exists(_ name: ObjectName) throws -> Bool { state.withLock { $0.objects[name] != nil } }

    private func find(_ name: ObjectName) throws -> [UInt8] {
        guard let bytes = state.withLock({ $0.objects[name] }) else {
            throw StorageError(.notFound, "it is not there", object: name)
        }
        return bytes
    }

    fileprivate func count(_ bytes: UInt64) { state.withLock { $0.discardedByteCount += bytes } }
}

/// Counts what is appended and drops it.
private final class DiscardingWriter: ObjectWriter {
    private(set) var byteCount: UInt64 = 0
    private let store: DiscardingObjectStore

    init(store: DiscardingObjectStore) { self.store = store }

    func append(_ bytes: RawSpan) throws { byteCount += UInt64(bytes.byteCount) }

    func commit(as name: ObjectName) throws { store.count(byteCount) }

    func abandon() {}
}
