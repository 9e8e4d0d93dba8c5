internal import FileSystem
internal import ObjectStorage

/// An object that is open on the server; it is closed when nobody uses it any more.
final class OpenRemoteObject: Sendable {
    let handle: [UInt8]
    /// Its length, which does not change.
    let byteCount: UInt64
    private let channel: SFTPChannel

    init(handle: [UInt8], byteCount: UInt64, channel: SFTPChannel) {
        self.handle = handle
        self.byteCount = byteCount
        self.channel = channel
    }

    deinit {
        // Nothing hangs on the answer: the server closes everything with the session.
        _ = try? channel.send(.close(handle: handle))
    }
}

/// The objects that were read last.
struct OpenRemoteObjects {
    private let capacity: Int
    private var entries: [ObjectName: (object: OpenRemoteObject, lastUse: UInt64)] = [:]
    private var clock: UInt64 = 0

    init(capacity: Int) { self.capacity = capacity }

    /// The open object of that name, if it is here.
    mutating func find(_ name: ObjectName) -> OpenRemoteObject? {
        clock += 1
        guard let entry = entries[name] else { return nil }
        entries[name] = (entry.object, clock)
        return entry.object
    }

    /// Keeps an open object.
    /// - Returns: the one that has to go for it, to be let go of where no lock is held.
    mutating func insert(_ object: OpenRemoteObject, as name: ObjectName) -> OpenRemoteObject? {
        let replaced = entries.updateValue((object, clock), forKey: name)?.object
        guard entries.count > capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else {
            return replaced
        }
        return entries.removeValue(forKey: oldest.key)?.object
    }

    /// Lets go of an object.
    mutating func remove(_ name: ObjectName) -> OpenRemoteObject? { entries.removeValue(forKey: name)?.object }
}

/// A server's words, safe to print and not too long.
func printableWords(_ text: String) -> String { printable(Array(text.utf8.prefix(300))) }
