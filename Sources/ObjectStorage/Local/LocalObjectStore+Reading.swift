internal import FileSystem

extension LocalObjectStore {
    /// Reads a range of an object's bytes.
    package func read(_ name: ObjectName, range: Range<UInt64>) throws -> [UInt8] {
        let object = try openObject(name)
        // Checked before memory is taken, for the range may come from a damaged index.
        guard range.upperBound <= object.byteCount, let count = Int(exactly: range.upperBound - range.lowerBound)
        else {
            throw truncated(name, range.upperBound)
        }
        var buffer = [UInt8](repeating: 0, count: count)
        try fill(name, object, offset: range.lowerBound, count: count, into: &buffer, at: 0)
        return buffer
    }

    /// Reads exactly `count` bytes from an offset into a buffer at a position.
    package func read(
        _ name: ObjectName,
        offset: UInt64,
        count: Int,
        into buffer: inout [UInt8],
        at position: Int
    ) throws {
        let object = try openObject(name)
        let (end, overflow) = offset.addingReportingOverflow(UInt64(count))
        guard !overflow, end <= object.byteCount else {
            throw truncated(name, overflow ? .max : end)
        }
        try fill(name, object, offset: offset, count: count, into: &buffer, at: position)
    }

    /// Reads a whole object of at most `limit` bytes.
    package func readAll(_ name: ObjectName, atMost limit: Int) throws -> [UInt8] {
        let object = try openObject(name)
        guard let count = Int(exactly: object.byteCount), count <= limit else {
            throw StorageError(
                .tooLarge,
                "it is \(object.byteCount) bytes long, more than the \(limit) that it may have",
                object: name
            )
        }
        var buffer = [UInt8](repeating: 0, count: count)
        try fill(name, object, offset: 0, count: count, into: &buffer, at: 0)
        return buffer
    }

    private func fill(
        _ name: ObjectName,
        _ object: DescriptorCache.OpenObject,
        offset: UInt64,
        count: Int,
        into buffer: inout [UInt8],
        at position: Int
    ) throws(StorageError) {
        do throws(SystemError) {
            // The offset lies within the file's length, which is an Int64.
            try object.file.readExactly(
                from: Int64(truncatingIfNeeded: offset),
                into: &buffer,
                at: position,
                count: count
            )
        } catch {
            // Somebody has cut the file off since it was opened.
            if error.errno == SystemError.unexpectedEnd { throw truncated(name, offset + UInt64(count)) }
            throw StorageError(error, object: name)
        }
    }

    private func truncated(_ name: ObjectName, _ end: UInt64) -> StorageError {
        StorageError(
            .truncated,
            "bytes up to \(end) were asked for, but it ends before them",
            object: name
        )
    }
}
