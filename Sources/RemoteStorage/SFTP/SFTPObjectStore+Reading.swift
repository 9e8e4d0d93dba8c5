package import ObjectStorage
internal import Synchronization

extension SFTPObjectStore {
    /// Reads a range of an object's bytes.
    package func read(_ name: ObjectName, range: Range<UInt64>) throws -> [UInt8] {
        let connection = try connection()
        let object = try openObject(name, connection)
        // Checked before memory is taken, for the range may come from a damaged index.
        guard range.upperBound <= object.byteCount, let count = Int(exactly: range.upperBound - range.lowerBound)
        else { throw truncated(name, range.upperBound) }
        var buffer = [UInt8](repeating: 0, count: count)
        try fill(name, object, connection, offset: range.lowerBound, count: count, into: &buffer, at: 0)
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
        let connection = try connection()
        let object = try openObject(name, connection)
        let (end, overflow) = offset.addingReportingOverflow(UInt64(count))
        guard !overflow, end <= object.byteCount else { throw truncated(name, overflow ? .max : end) }
        try fill(name, object, connection, offset: offset, count: count, into: &buffer, at: position)
    }

    /// Reads a whole object of at most `limit` bytes.
    package func readAll(_ name: ObjectName, atMost limit: Int) throws -> [UInt8] {
        let connection = try connection()
        let object = try openObject(name, connection)
        guard let count = Int(exactly: object.byteCount), count <= limit else {
            throw StorageError(
                .tooLarge,
                "it is \(object.byteCount) bytes long, more than the \(limit) that it may have",
                object: name
            )
        }
        var buffer = [UInt8](repeating: 0, count: count)
        try fill(name, object, connection, offset: 0, count: count, into: &buffer, at: 0)
        return buffer
    }

    private func openObject(_ name: ObjectName, _ connection: SFTPConnection) throws -> OpenRemoteObject {
        if let object = connection.openObjects.withLock({ $0.find(name) }) { return object }
        let path = connection.path(name.path)
        // The two do not depend on each other, and travel together.
        let opening = try connection.channel.send(.open(path: path, .read, permissions: nil))
        let looking = try connection.channel.send(.linkStatus(path: path))
        let opened = try opening.wait()
        guard case .handle(let handle) = opened else {
            if try connection.attributes(looking.wait(), name.path) == nil { throw missing(name) }
            throw connection.failure(opened, "open", name.path)
        }
        do {
            guard let attributes = try connection.attributes(looking.wait(), name.path) else { throw missing(name) }
            let object = OpenRemoteObject(
                handle: handle,
                byteCount: try byteCount(attributes, of: name),
                channel: connection.channel
            )
            // What has to go for it is closed on the way out, without a lock.
            let evicted = connection.openObjects.withLock { $0.insert(object, as: name) }
            _ = evicted
            return object
        } catch {
            _ = try connection.channel.send(.close(handle: handle))
            throw error
        }
    }

    /// Reads with many requests under way.
    private func fill(
        _ name: ObjectName,
        _ object: OpenRemoteObject,
        _ connection: SFTPConnection,
        offset: UInt64,
        count: Int,
        into buffer: inout [UInt8],
        at position: Int
    ) throws {
        precondition(position >= 0 && count >= 0 && count <= buffer.count - position, "the buffer is too small")
        var pending: [(call: SFTPCall, start: Int, count: Int)] = []
        var first = 0
        var asked = 0
        func ask(_ start: Int, _ count: Int) throws {
            let call = try connection.channel.send(
                .read(handle: object.handle, offset: offset + UInt64(start), count: UInt32(count))
            )
            pending.append((call, start, count))
        }
        while asked < count || first < pending.count {
            while asked < count, pending.count - first < connection.window {
                let part = min(connection.readSize, count - asked)
                try ask(asked, part)
                asked += part
            }
            let (call, start, part) = pending[first]
            first += 1
            switch try call.wait() {
            case .data(let data) where !data.isEmpty && data.count <= part:
                buffer.replaceSubrange(position + start..<position + start + data.count, with: data)
                // A server may give less than was asked for.
                if data.count < part { try ask(start + data.count, part - data.count) }
            case .data:
                throw StorageError(.other, "the server gave another count of bytes than was asked for", object: name)
            case .status(let status) where status.code == SFTPStatus.endOfFile:
                throw truncated(name, offset + UInt64(count))
            case let reply:
                throw connection.failure(reply, "read", name.path)
            }
            if first > 256 {
                pending.removeFirst(first)
                first = 0
            }
        }
    }

    private func truncated(_ name: ObjectName, _ end: UInt64) -> StorageError {
        StorageError(.truncated, "it ends before byte \(end)", object: name)
    }
}
