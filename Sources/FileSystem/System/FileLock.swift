internal import CLinux
internal import Glibc

/// A lock on a file that the kernel gives back when its holder ends, however it ends.
///
/// The file is only a place to lock (flock(2)): its content says nothing, it is never removed, and a file that a
/// crashed process has left behind is not locked. Two openings within one process exclude each other as well.
package final class FileLock: Sendable {
    private let file: Descriptor

    private init(file: Descriptor) {
        self.file = file
    }

    /// Takes the lock if nobody else holds it, creating the file (0600) if need be.
    /// - Parameter shared: whether others may hold it as well, as long as all of them share it.
    /// - Returns: the lock, which is held until it is released or goes out of use, or nil when it is taken.
    package static func acquire(
        in directory: Directory,
        _ name: [UInt8],
        shared: Bool = false
    ) throws(SystemError) -> FileLock? {
        let file = try directory.openOrCreateFile(name)
        let result = clinux_lock(file.rawValue, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB)
        if result == -Int(EWOULDBLOCK) { return nil }
        try checked(result, "lock file", name)
        return FileLock(file: file)
    }

    /// Gives the lock back.
    package func release() throws(SystemError) { try file.close() }
}
