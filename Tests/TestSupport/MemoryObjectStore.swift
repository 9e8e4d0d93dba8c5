package import ObjectStorage
internal import Synchronization

/// A store that keeps its objects in memory and knows the same rules as the others.
package final class MemoryObjectStore: ObjectStore {
    /// Words for people.
    package let location = "memory"

    private let objects = Mutex<[ObjectName: [UInt8]]>([:])

    /// Makes an empty store.
    package init() {}

    /// A copy of everything that is in the store now.
    package var contents: [ObjectName: [UInt8]] { objects.withLock { $0 } }

    /// Replaces an object behind the back of its users, as damage does; nil removes it.
    package func overwrite(_ name: ObjectName, with bytes: [UInt8]?) { objects.withLock { $0[name] = bytes } }

    /// Makes a store that holds the same objects now and goes its own way from then on.
    package func copy() -> MemoryObjectStore {
        let other = MemoryObjectStore()
        let contents = contents
        other.objects.withLock { $0 = contents }
        return other
    }

    /// Begins an object.
    package func makeWriter() throws -> any ObjectWriter { MemoryObjectWriter(store: self) }

    /// Creates an object.
    package func put(_ name: ObjectName, _ bytes: [UInt8]) throws {
        let created = objects.withLock { objects in
            guard objects[name] == nil else { return false }
            objects[name] = bytes
            return true
        }
        if !created { throw StorageError(.alreadyExists, "it exists already", object: name) }
    }

    /// Reads a range of an object's bytes.
    package func read(_ name: ObjectName, range: Range<UInt64>) throws -> [UInt8] {
        let bytes = try find(name)
        guard range.upperBound <= UInt64(bytes.count) else { throw truncated(name) }
        return Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
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
        if overflow { throw truncated(name) }
        buffer.replaceSubrange(position..<position + count, with: try read(name, range: offset..<end))
    }

    /// Reads a whole object of at most `limit` bytes.
    package func readAll(_ name: ObjectName, atMost limit: Int) throws -> [UInt8] {
        let bytes = try find(name)
        guard bytes.count <= limit else {
            throw StorageError(.tooLarge, "it is \(bytes.count) bytes long, more than \(limit)", object: name)
        }
        return bytes
    }

    /// The length of an object.
    package func byteCount(of name: ObjectName) throws -> UInt64 { UInt64(try find(name).count) }

    /// Lists every object below a folder.
    package func list(prefix: String, _ body: (ObjectName, _ byteCount: UInt64) throws -> Void) throws {
        _ = try folder(of: prefix)
        let found = objects.withLock { objects in
            objects.compactMap { object in
                object.key.path.hasPrefix(prefix)
                    ? (name: object.key, count: UInt64(object.value.count), key: sortKey(object.key)) : nil
            }
        }
        // Within each folder in the order of its names: compared component by component.
        let sorted = found.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        for object in sorted { try body(object.name, object.count) }
    }

    /// Removes an object.
    package func remove(_ name: ObjectName) throws {
        let removed = objects.withLock { $0.removeValue(forKey: name) }
        if removed == nil { throw notFound(name) }
    }

    /// Whether there is an object of that name.
    package func exists(_ name: ObjectName) throws -> Bool { objects.withLock { $0[name] != nil } }

    /// Bytes that order as the components do: the separator stands before any other byte.
    private func sortKey(_ name: ObjectName) -> [UInt8] {
        name.path.utf8.map { $0 == UInt8(ascii: "/") ? 0 : $0 }
    }

    private func find(_ name: ObjectName) throws -> [UInt8] {
        guard let bytes = objects.withLock({ $0[name] }) else { throw notFound(name) }
        return bytes
    }

    private func notFound(_ name: ObjectName) -> StorageError {
        StorageError(.notFound, "there is no such object", object: name)
    }

    private func truncated(_ name: ObjectName) -> StorageError {
        StorageError(.truncated, "it ends before the bytes that were asked for", object: name)
    }
}

private final class MemoryObjectWriter: ObjectWriter {
    private let store: MemoryObjectStore
    private var bytes: [UInt8]? = []
    private(set) var byteCount: UInt64 = 0

    init(store: MemoryObjectStore) {
        self.store = store
    }

    func append(_ bytes: RawSpan) throws {
        guard self.bytes != nil else { throw StorageError(.other, "this writer has ended already") }
        unsafe bytes.withUnsafeBytes { unsafe self.bytes?.append(contentsOf: $0) }
        byteCount += UInt64(bytes.byteCount)
    }

    func commit(as name: ObjectName) throws {
        guard let bytes else { throw StorageError(.other, "this writer has ended already") }
        self.bytes = nil
        try store.put(name, bytes)
    }

    func abandon() { bytes = nil }
}
