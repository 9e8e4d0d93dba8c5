internal import CLinux
internal import Glibc

extension Descriptor {
    /// Writes all bytes at the file position.
    package func write(_ bytes: RawSpan) throws(SystemError) {
        let descriptor = rawValue
        try unsafe drain(bytes) { address, missing, _ in unsafe clinux_write(descriptor, address, missing) }
    }

    /// Writes all bytes at an offset in the file and leaves the file position alone.
    package func write(_ bytes: RawSpan, at offset: Int64) throws(SystemError) {
        let descriptor = rawValue
        try unsafe drain(bytes) { address, missing, done in
            unsafe clinux_pwrite(descriptor, address, missing, offset + Int64(done))
        }
    }

    /// Writes all bytes of an array at the file position.
    package func write(_ bytes: [UInt8]) throws(SystemError) { try unsafe write(bytes.span.bytes) }

    /// Writes all bytes of an array at an offset in the file and leaves the file position alone.
    package func write(_ bytes: [UInt8], at offset: Int64) throws(SystemError) {
        try unsafe write(bytes.span.bytes, at: offset)
    }

    /// Cuts the file off or extends it with a hole.
    package func truncate(to size: Int64) throws(SystemError) {
        try checked(clinux_truncate(rawValue, size), "set size of file")
    }

    /// Reserves room for the file without changing its size.
    /// - Returns: whether the file system can do that; "no space left" is thrown.
    @discardableResult
    package func preallocate(_ count: Int64, at offset: Int64 = 0) throws(SystemError) -> Bool {
        guard count > 0 else { return true }
        return try whetherSupported(
            clinux_allocate(rawValue, FALLOC_FL_KEEP_SIZE, offset, count),
            "reserve room for file"
        )
    }

    /// Turns a range of the file into a hole that reads as zeros.
    /// - Returns: whether the file system can do that; if not, the caller has to write zeros.
    package func punchHole(at offset: Int64, count: Int64) throws(SystemError) -> Bool {
        guard count > 0 else { return true }
        return try whetherSupported(
            clinux_allocate(rawValue, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, count),
            "make hole in file"
        )
    }

    private func whetherSupported(_ result: Int, _ operation: StaticString) throws(SystemError) -> Bool {
        if result == -Int(EOPNOTSUPP) || result == -Int(ENOSYS) { return false }
        try checked(result, "\(operation)")
        return true
    }

    /// Calls until all bytes are taken; hands on what is still missing and what is done.
    @inline(__always)
    private func drain(
        _ bytes: RawSpan,
        _ call: (UnsafeRawPointer, Int, Int) -> Int
    ) throws(SystemError) {
        let failure = unsafe bytes.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return 0 }
            var done = 0
            while done < source.count {
                let result = unsafe call(base + done, source.count - done, done)
                if result < 0 { return result }
                // A write of some bytes that takes none would go on for ever.
                if result == 0 { return -Int(EIO) }
                done += result
            }
            return 0
        }
        try checked(failure, "write file")
    }
}
