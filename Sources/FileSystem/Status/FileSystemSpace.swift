internal import CLinux

/// How much room a file system has, and of which type it is.
package struct FileSystemSpace: Hashable, Sendable {
    /// The size of the file system in bytes.
    package let totalBytes: UInt64
    /// The free bytes, including what is reserved for root.
    package let freeBytes: UInt64
    /// The free bytes that any user can fill.
    package let availableBytes: UInt64
    /// How many files it can hold, or 0 when it has no fixed number.
    package let totalFiles: UInt64
    /// How many more files it can hold.
    package let availableFiles: UInt64
    /// The magic number of the file system's type (statfs(2)), such as 0x9FA0 for procfs.
    package let type: UInt64

    init(_ raw: clinux_space_t) {
        totalBytes = raw.total_bytes
        freeBytes = raw.free_bytes
        availableBytes = raw.available_bytes
        totalFiles = raw.total_files
        availableFiles = raw.available_files
        type = raw.type
    }
}
