internal import Glibc
internal import Synchronization

/// The names that the system has for users and groups, remembered for the life of the process.
///
/// A table that has grown to 4096 answers is begun anew, for names may come from a hostile source without end.
package enum NameService {
    private struct Cache {
        var userNames: [UInt32: [UInt8]?] = [:]
        var groupNames: [UInt32: [UInt8]?] = [:]
        var userIDs: [[UInt8]: UInt32?] = [:]
        var groupIDs: [[UInt8]: UInt32?] = [:]
    }

    private static let cache = Mutex(Cache())

    /// The name of a user, or nil when the system knows none.
    package static func userName(_ userID: UInt32) -> [UInt8]? {
        if let known = cache.withLock({ $0.userNames[userID] }) { return known }
        var entry = unsafe passwd()
        let name = unsafe lookUp(&entry) { entry, buffer, count, found in
            unsafe getpwuid_r(userID, entry, buffer, count, found)
        } read: {
            unsafe nameBytes($0.pw_name)
        }
        cache.withLock { remember(name, for: userID, in: &$0.userNames) }
        return name
    }

    /// The name of a group, or nil when the system knows none.
    package static func groupName(_ groupID: UInt32) -> [UInt8]? {
        if let known = cache.withLock({ $0.groupNames[groupID] }) { return known }
        var entry = unsafe group()
        let name = unsafe lookUp(&entry) { entry, buffer, count, found in
            unsafe getgrgid_r(groupID, entry, buffer, count, found)
        } read: {
            unsafe nameBytes($0.gr_name)
        }
        cache.withLock { remember(name, for: groupID, in: &$0.groupNames) }
        return name
    }

    /// The number of a user, or nil when the system knows no such name.
    package static func userID(named name: [UInt8]) -> UInt32? {
        if let known = cache.withLock({ $0.userIDs[name] }) { return known }
        guard !name.contains(0) else { return nil }
        var entry = unsafe passwd()
        let number = unsafe lookUp(&entry) { entry, buffer, count, found in
            withCName(name.span) { unsafe getpwnam_r($0.pointer, entry, buffer, count, found) }
        } read: {
            unsafe $0.pw_uid
        }
        cache.withLock { remember(number, for: name, in: &$0.userIDs) }
        return number
    }

    /// The number of a group, or nil when the system knows no such name.
    package static func groupID(named name: [UInt8]) -> UInt32? {
        if let known = cache.withLock({ $0.groupIDs[name] }) { return known }
        guard !name.contains(0) else { return nil }
        var entry = unsafe group()
        let number = unsafe lookUp(&entry) { entry, buffer, count, found in
            withCName(name.span) { unsafe getgrnam_r($0.pointer, entry, buffer, count, found) }
        } read: {
            unsafe $0.gr_gid
        }
        cache.withLock { remember(number, for: name, in: &$0.groupIDs) }
        return number
    }
}

private func remember<Key: Hashable, Answer>(_ answer: Answer?, for key: Key, in table: inout [Key: Answer?]) {
    if table.count >= 4096 { table.removeAll() }
    table[key] = .some(answer)
}

/// Asks the name service with ever more room for the answer; nil when there is no entry or no answer.
@unsafe
private func lookUp<Entry, Answer>(
    _ entry: inout Entry,
    _ call: (
        UnsafeMutablePointer<Entry>, UnsafeMutablePointer<CChar>, Int,
        UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>
    ) -> Int32,
    read: (Entry) -> Answer?
) -> Answer? {
    var capacity = 1024
    // A group with very many members needs much room; beyond this bound something else is wrong.
    while capacity <= 16 << 20 {
        var answer: Answer?
        let error = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
            guard let base = buffer.baseAddress else { return EINVAL }
            var found: UnsafeMutablePointer<Entry>?
            let error = unsafe call(&entry, base, buffer.count, &found)
            if error == 0, let found = unsafe found { answer = unsafe read(found.pointee) }
            return error
        }
        if error != ERANGE { return answer }
        capacity *= 4
    }
    return nil
}

private func nameBytes(_ text: UnsafeMutablePointer<CChar>?) -> [UInt8]? {
    guard let text = unsafe text else { return nil }
    return unsafe Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
}
