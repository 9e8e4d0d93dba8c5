import ObjectStorage
import Synchronization

/// A store that counts the bytes of packs that are read from it.
final class CountingStore: ObjectStore {
    private let store: any ObjectStore
    private let count = Atomic<Int>(0)

    init(_ store: any ObjectStore) { self.store = store }

    var bytesRead: Int { count.load(ordering: .relaxed) }
    var location: String { store.location }

    func makeWriter() throws -> any ObjectWriter { try store.makeWriter() }

    func put(_ name: ObjectName, _ bytes: [UInt8]) throws { try store.put(name, bytes) }

    func read(_ name: ObjectName, range: Range<UInt64>) throws -> [UInt8] {
        note(name, range.count)
        return try store.read(name, range: range)
    }

    func read(
        _ name: ObjectName,
        offset: UInt64,
        count: Int,
        into buffer: inout [UInt8],
        at position: Int
    ) throws {
        note(name, count)
        try store.read(name, offset: offset, count: count, into: &buffer, at: position)
    }

    func readAll(_ name: ObjectName, atMost limit: Int) throws -> [UInt8] { try store.readAll(name, atMost: limit) }

    func byteCount(of name: ObjectName) throws -> UInt64 { try store.byteCount(of: name) }

    func list(prefix: String, _ body: (ObjectName, _ byteCount: UInt64) throws -> Void) throws {
        try store.list(prefix: prefix, body)
    }

    func remove(_ name: ObjectName) throws { try store.remove(name) }

    func exists(_ name: ObjectName) throws -> Bool { try store.exists(name) }

    private func note(_ name: ObjectName, _ bytes: Int) {
        if name.path.hasPrefix("packs/") { count.add(bytes, ordering: .relaxed) }
    }
}
