internal import CLinux
internal import Glibc
internal import Synchronization

/// An open directory, to which everything in it is named.
///
/// Names are the raw bytes of one entry: no `/`, no `.`, no `..`; others are refused with "not valid here". No call
/// here follows a link in the place of the name it is given. All calls may be made from several threads.
package final class Directory: Sendable {
    /// The directory's descriptor, through which its own attributes are read and set.
    package let descriptor: Descriptor

    /// Reading the names moves the file position, so only one thread may do so at a time.
    private let listing = Mutex<Void>(())

    /// Takes over a descriptor that is open on a directory.
    package init(adopting descriptor: Descriptor) {
        self.descriptor = descriptor
    }

    /// The descriptor's number for calls within this module.
    var number: Int32 { descriptor.rawValue }

    /// Closes the directory; the last reference's end does so too.
    package func close() throws(SystemError) { try descriptor.close() }
}

extension Directory {
    /// The status of the directory itself.
    package func status() throws(SystemError) -> FileStatus { try descriptor.status() }

    /// The status of an entry, not following a link.
    package func status(_ name: Span<UInt8>) throws(SystemError) -> FileStatus {
        try requireName(name, "read status of")
        return try statusNaming(number, name, "read status of")
    }

    /// The status of an entry, not following a link.
    package func status(_ name: [UInt8]) throws(SystemError) -> FileStatus { try status(name.span) }

    /// The status of an entry, not following a link, or nil when there is no entry of that name.
    package func statusIfPresent(_ name: [UInt8]) throws(SystemError) -> FileStatus? {
        do {
            return try status(name.span)
        } catch {
            if error.errno == ENOENT { return nil }
            throw error
        }
    }

    /// All names in the directory except `.` and `..`, sorted as raw bytes.
    package func names() throws(SystemError) -> NameList {
        var list = NameList()
        try readNames(into: &list)
        return list
    }

    /// Reads all names into a list whose memory is used again.
    package func readNames(into list: inout NameList) throws(SystemError) {
        list.removeAll()
        let failure = listing.withLock { _ in unsafe list.fill(fromDirectory: number) }
        try checked(failure, "list names of directory")
        list.sort()
    }

    /// The target of a symbolic link.
    package func readLink(_ name: Span<UInt8>) throws(SystemError) -> [UInt8] {
        // Linux allows no target of PATH_MAX (4096) bytes or more.
        let capacity = 4097
        var target: [UInt8] = []
        try callNaming(name, "read symbolic link") { name in
            unsafe withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { buffer in
                guard let base = unsafe buffer.assumingMemoryBound(to: CChar.self).baseAddress else { return 0 }
                let count = unsafe clinux_read_link(number, name.pointer, base, capacity)
                if count == capacity { return -Int(ENAMETOOLONG) }
                if count > 0 { unsafe target.append(contentsOf: buffer[..<count]) }
                return count
            }
        }
        return target
    }

    /// The target of a symbolic link.
    package func readLink(_ name: [UInt8]) throws(SystemError) -> [UInt8] { try readLink(name.span) }

    /// The room on the file system that the directory lies on, and the file system's type.
    package func space() throws(SystemError) -> FileSystemSpace { try descriptor.fileSystemSpace() }

    /// Makes additions, removals and renames in this directory durable (fsync).
    package func sync() throws(SystemError) {
        try checked(clinux_sync(number), "flush directory to disk")
    }

    /// Flushes the whole file system that the directory lies on (syncfs).
    package func syncFileSystem() throws(SystemError) { try descriptor.syncFileSystem() }
}

/// Throws when the bytes are not the name of a directory's entry.
func requireName(_ name: Span<UInt8>, _ operation: StaticString) throws(SystemError) {
    if !isFileName(name) { throw SystemError(errno: EINVAL, operation: "\(operation)", path: array(name)) }
}
