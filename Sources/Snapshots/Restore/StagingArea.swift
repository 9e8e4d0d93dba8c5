import Cryptography
import FileSystem
import Glibc

/// A private directory in which files are completed before they get their names, one on each mount that is restored to.
///
/// Each thread has a directory of its own in it, so that the threads do not wait for each other's directory lock, and
/// nobody else can reach a file before it is complete.
final class StagingArea: Sendable {
    /// How the names of staging areas begin.
    static let prefix = Array(".holdfast-restore-".utf8)
    private static let lockName = Array("lock".utf8)

    /// The parent of all that is staged here, one for each worker.
    let workers: [Directory]
    /// Names of restored members of hard-link groups.
    let links: Directory
    /// The directory that the area lies in.
    let parent: Directory
    private let name: [UInt8]
    private let lock: FileLock?

    /// Makes an area in a directory, after removing those that ended processes have left there.
    init(in parent: Directory, workerCount: Int) throws {
        StagingArea.removeLeftovers(in: parent)
        self.parent = parent
        let prefix = String(decoding: StagingArea.prefix, as: UTF8.self)
        name = TemporaryName.random(prefix: "\(prefix)\(ProcessIdentity.current)-")
        try parent.makeDirectory(name)
        let directory = try parent.openDirectory(name)
        let status = try directory.status()
        guard status.userID == geteuid(), status.permissions & 0o077 == 0 else {
            throw SystemError(errno: EPERM, operation: "use as private directory", path: name)
        }
        lock = try FileLock.acquire(in: directory, StagingArea.lockName)
        // Rights that the parent hands down to what is made in it would spread to every file.
        for attribute in try directory.descriptor.extendedAttributes()
        where attribute.name.starts(with: "system.posix_acl_".utf8) {
            try directory.descriptor.removeExtendedAttribute(named: attribute.name)
        }
        try directory.descriptor.setPermissions(0o700)
        var workers: [Directory] = []
        for number in 0..<workerCount {
            workers.append(try directory.openOrMakeDirectory(Array("\(number)".utf8)).directory)
        }
        self.workers = workers
        links = try directory.openOrMakeDirectory(Array("links".utf8)).directory
    }

    /// Whether a name may be that of a staging area, this one's or another's.
    static func isStagingName(_ name: [UInt8]) -> Bool { name.starts(with: prefix) }

    /// Removes the area with everything in it.
    func remove() throws { try TreeRemoval.remove(name, from: parent) }

    /// The name under which the file of a hard-link group is kept: entries that differ never share one.
    static func linkName(_ key: InodeKey) -> [UInt8] {
        Array("\(String(key.group, radix: 16))-\(key.digest.hex)".utf8)
    }

    /// Removes the areas in a directory whose processes have ended; those that cannot be removed stay.
    private static func removeLeftovers(in parent: Directory) {
        guard let names = try? parent.names() else { return }
        for index in 0..<names.count {
            let name = names[index]
            guard isStagingName(name), let owner = owner(ofName: name), let area = try? parent.openDirectory(name)
            else {
                continue
            }
            switch owner.state {
            case .running where owner != .current:
                continue
            case .ended:
                break
            case .running, .unknown:
                // Another boot, another container, or a thread of this process: whoever is alive holds the lock.
                guard (try? area.status(lockName)) != nil,
                    let lock = try? FileLock.acquire(in: area, lockName)
                else { continue }
                try? lock.release()
            }
            _ = try? TreeRemoval.remove(name, from: parent)
        }
    }

    /// The process that a staging area's name states.
    private static func owner(ofName name: [UInt8]) -> ProcessIdentity? {
        guard let text = String(validating: name.dropFirst(prefix.count), as: UTF8.self),
            let hyphen = text.lastIndex(of: "-")
        else { return nil }
        return ProcessIdentity(text[..<hyphen])
    }
}
