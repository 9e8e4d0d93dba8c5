internal import CLinux

extension Descriptor {
    /// Reads up to `count` bytes from the file position into the buffer at the given position.
    ///
    /// It reads on until `count` bytes are there or the file ends.
    /// - Precondition: the buffer is at least `position + count` bytes long.
    /// - Returns: how many bytes were read; fewer than `count` only at the end of the file.
    package func read(
        into buffer: inout [UInt8],
        at position: Int,
        count: Int
    ) throws(SystemError) -> Int {
        let descriptor = rawValue
        return try unsafe fill(&buffer, position, count) { address, missing, _ in
            unsafe clinux_read(descriptor, address, missing)
        }
    }

    /// Reads up to `count` bytes from an offset in the file into the buffer at the given position.
    ///
    /// It reads on until `count` bytes are there or the file ends, and leaves the file position alone.
    /// - Precondition: the buffer is at least `position + count` bytes long.
    /// - Returns: how many bytes were read; fewer than `count` only at the end of the file.
    package func read(
        from offset: Int64,
        into buffer: inout [UInt8],
        at position: Int,
        count: Int
    ) throws(SystemError) -> Int {
        let descriptor = rawValue
        return try unsafe fill(&buffer, position, count) { address, missing, done in
            unsafe clinux_pread(descriptor, address, missing, offset + Int64(done))
        }
    }

    /// Reads exactly `count` bytes from the file position, or throws `SystemError.unexpectedEnd`.
    package func readExactly(
        into buffer: inout [UInt8],
        at position: Int,
        count: Int
    ) throws(SystemError) {
        try requireAll(count, got: read(into: &buffer, at: position, count: count))
    }

    /// Reads exactly `count` bytes from an offset in the file, or throws `SystemError.unexpectedEnd`.
    package func readExactly(
        from offset: Int64,
        into buffer: inout [UInt8],
        at position: Int,
        count: Int
    ) throws(SystemError) {
        try requireAll(count, got: read(from: offset, into: &buffer, at: position, count: count))
    }

    /// Reads from the file position to the end, refusing with "file too large" what is longer than `limit` bytes.
    package func readToEnd(limit: Int) throws(SystemError) -> [UInt8] {
        let stated = try status().size
        // One byte more than the file should have shows its end without a second buffer.
        var buffer = [UInt8](repeating: 0, count: min(limit, max(Int(stated), 0)) + 1)
        var filled = 0
        while true {
            filled += try read(into: &buffer, at: filled, count: buffer.count - filled)
            if filled > limit { throw .tooLarge(operation: "read whole file") }
            if filled < buffer.count { break }
            buffer.append(contentsOf: repeatElement(0, count: min(buffer.count, limit + 1 - buffer.count)))
        }
        buffer.removeLast(buffer.count - filled)
        return buffer
    }

    private func requireAll(_ count: Int, got: Int) throws(SystemError) {
        if got != count { throw SystemError(errno: SystemError.unexpectedEnd, operation: "read file") }
    }

    /// Calls until the range is full or the call reports the end; hands on what is still missing and what is done.
    @inline(__always)
    private func fill(
        _ buffer: inout [UInt8],
        _ position: Int,
        _ count: Int,
        _ call: (UnsafeMutableRawPointer, Int, Int) -> Int
    ) throws(SystemError) -> Int {
        precondition(position >= 0 && count >= 0 && count <= buffer.count - position, "the buffer is too small")
        var done = 0
        var failure = 0
        unsafe buffer.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            while done < count {
                let result = unsafe call(base + position + done, count - done, done)
                if result < 0 { failure = result }
                if result <= 0 { return }
                done += result
            }
        }
        try checked(failure, "read file")
        return done
    }
}
