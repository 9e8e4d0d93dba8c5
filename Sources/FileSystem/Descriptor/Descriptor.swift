internal import CLinux
internal import Glibc
internal import Synchronization

/// An open file; it owns the descriptor and closes it when the last reference goes.
///
/// The calls may be made from several threads, except that those which use the file position (`read(into:at:count:)`,
/// `write(_:)`, `dataRange(from:to:)`) share it. Nobody may use the descriptor while or after it is closed.
package final class Descriptor: Sendable {
    private let number: Atomic<Int32>

    /// Takes over an open descriptor, such as one that a child process was given.
    package init(adopting number: Int32) {
        self.number = Atomic(number)
    }

    deinit {
        let open = number.load(ordering: .relaxed)
        if open >= 0 { _ = clinux_close(open) }
    }

    /// The descriptor's number, or -1 after it was closed (calls then fail with "bad file descriptor").
    package var rawValue: Int32 { number.load(ordering: .relaxed) }

    /// Closes the descriptor and reports what the system has kept back until then, such as a failed network write.
    ///
    /// Closing twice does nothing the second time.
    package func close() throws(SystemError) {
        let open = number.exchange(-1, ordering: .relaxed)
        if open >= 0 { try checked(clinux_close(open), "close file") }
    }

    /// A second descriptor for the same open file; both share the file position and a lock.
    package func duplicate() throws(SystemError) -> Descriptor {
        Descriptor(adopting: Int32(try checked(clinux_duplicate(rawValue), "duplicate descriptor")))
    }

    /// The status of the open file.
    package func status() throws(SystemError) -> FileStatus {
        try statusNaming(rawValue, Span<UInt8>(), "read status")
    }

    /// Flushes content and attributes to the device (fsync).
    package func sync() throws(SystemError) {
        try checked(clinux_sync(rawValue), "flush file to disk")
    }

    /// Flushes content, and of the attributes what is needed to read it (fdatasync).
    package func dataSync() throws(SystemError) {
        try checked(clinux_sync_data(rawValue), "flush file to disk")
    }

    /// Flushes the whole file system that the file lies on (syncfs).
    package func syncFileSystem() throws(SystemError) {
        try checked(clinux_sync_file_system(rawValue), "flush file system to disk")
    }

    /// The room on the file system that the file lies on.
    package func fileSystemSpace() throws(SystemError) -> FileSystemSpace {
        var raw = clinux_space_t()
        try checked(unsafe clinux_space(rawValue, &raw), "read free space")
        return FileSystemSpace(raw)
    }

    /// Tells the kernel that the file is read from start to end.
    package func adviseSequential() {
        _ = clinux_advise(rawValue, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    /// Tells the kernel that the bytes will not be needed again, so that a backup does not push out the page cache.
    ///
    /// A count of 0 means up to the end of the file. Bytes not yet written to disk stay.
    package func adviseNotNeeded(from offset: Int64 = 0, count: Int64 = 0) {
        _ = clinux_advise(rawValue, offset, count, POSIX_FADV_DONTNEED)
    }
}

/// The status of a name, not following a link, or of the descriptor itself when the name is empty.
@inline(__always)
func statusNaming(
    _ directory: Int32,
    _ name: Span<UInt8>,
    _ operation: StaticString
) throws(SystemError) -> FileStatus {
    var raw = clinux_status_t()
    if name.count == 0 {
        try checked(unsafe clinux_status(directory, "", &raw), "\(operation)")
    } else {
        try callNaming(name, operation) { unsafe clinux_status(directory, $0.pointer, &raw) }
    }
    guard let status = FileStatus(raw) else {
        throw SystemError(errno: EINVAL, operation: "recognise the kind of", path: array(name))
    }
    return status
}
