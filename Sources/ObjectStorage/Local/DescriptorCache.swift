internal import FileSystem

/// The files of the objects that were read last, kept open.
struct DescriptorCache {
    /// An open object; its length does not change.
    struct OpenObject {
        let file: Descriptor
        let byteCount: UInt64
    }

    private struct Entry {
        let object: OpenObject
        var lastUse: UInt64
    }

    private let capacity: Int
    private var entries: [ObjectName: Entry] = [:]
    private var clock: UInt64 = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// The open object of that name, if it is here.
    mutating func find(_ name: ObjectName) -> OpenObject? {
        clock += 1
        guard let index = entries.index(forKey: name) else { return nil }
        entries.values[index].lastUse = clock
        return entries.values[index].object
    }

    /// Keeps an open object, and lets go of the one that was not used for longest when there are too many.
    mutating func insert(_ object: OpenObject, as name: ObjectName) {
        entries[name] = Entry(object: object, lastUse: clock)
        guard entries.count > capacity else { return }
        if let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            entries.removeValue(forKey: oldest.key)
        }
    }

    /// Lets go of an object.
    mutating func remove(_ name: ObjectName) { entries.removeValue(forKey: name) }
}
