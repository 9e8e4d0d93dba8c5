internal import CLinux
internal import Glibc

extension Descriptor {
    /// The next range that holds data at or after an offset, or nil when only a hole is left before `end`.
    ///
    /// A file system that knows no holes reports everything as data. The file position is moved.
    package func dataRange(from offset: Int64, to end: Int64) throws(SystemError) -> Range<Int64>? {
        guard offset < end else { return nil }
        let start = clinux_seek(rawValue, offset, SEEK_DATA)
        // ENXIO: there is no data after the offset.
        if start == -Int(ENXIO) { return nil }
        if start == -Int(EINVAL) || start == -Int(EOPNOTSUPP) { return offset..<end }
        try checked(start, "find data in file")
        guard Int64(start) < end else { return nil }
        let stop = clinux_seek(rawValue, Int64(start), SEEK_HOLE)
        // The file was cut off in between; what the reader then finds is its own concern.
        if stop == -Int(ENXIO) { return nil }
        try checked(stop, "find hole in file")
        return Int64(start)..<min(Int64(stop), end)
    }

    /// Shares a range of another file's blocks with this file (reflink).
    ///
    /// Offsets and count must be multiples of the file system's block size, except a count that reaches the source's
    /// end; a count of 0 means up to the source's end.
    /// - Returns: whether the file systems can do that; if not, nothing has changed.
    package func cloneRange(
        of source: Descriptor,
        from sourceOffset: Int64,
        count: Int64,
        to offset: Int64
    ) throws(SystemError) -> Bool {
        let result = clinux_clone_range(rawValue, offset, source.rawValue, sourceOffset, count)
        if isUnsupportedCopy(result) { return false }
        try checked(result, "share blocks between files")
        return true
    }

    /// Lets the kernel copy a range of another file into this one.
    /// - Returns: how many bytes were copied, fewer than `count` at the source's end or when the kernel stops early;
    ///   nil when it cannot copy between these files and nothing has changed.
    package func copyRange(
        of source: Descriptor,
        from sourceOffset: Int64,
        count: Int,
        to offset: Int64
    ) throws(SystemError) -> Int? {
        let result = clinux_copy_range(rawValue, offset, source.rawValue, sourceOffset, count)
        if isUnsupportedCopy(result) { return nil }
        return try checked(result, "copy between files")
    }

    private func isUnsupportedCopy(_ result: Int) -> Bool {
        [EOPNOTSUPP, ENOTTY, ENOSYS, EXDEV, EINVAL].contains { result == -Int($0) }
    }
}
