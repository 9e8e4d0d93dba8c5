internal import FileSystem
internal import ObjectStorage
internal import Synchronization
internal import Threads

/// An object that is being written to the server's folder of temporaries, with many requests under way.
final class SFTPObjectWriter: ObjectWriter {
    private(set) var byteCount: UInt64 = 0

    private let store: SFTPObjectStore
    private let connection: SFTPConnection
    private let temporary: String
    /// Nil once it is closed: the server may give the same handle to another file then.
    private var handle: [UInt8]?
    private var hasEnded = false
    /// What is not yet sent.
    private var buffer: [UInt8] = []
    private var sent: UInt64 = 0
    private var pending: [SFTPCall] = []
    private var first = 0

    init(store: SFTPObjectStore, connection: SFTPConnection) throws {
        self.store = store
        self.connection = connection
        let name = String(decoding: TemporaryName.random(prefix: "\(ProcessIdentity.current)-"), as: UTF8.self)
        temporary = "\(SFTPObjectStore.temporaryFolder)/\(name)"
        let flags: SFTPRequest.OpenFlags = [.write, .create, .exclusive]
        var reply = try connection.open(temporary, flags, permissions: 0o600)
        if case .status(let status) = reply, status.code != SFTPStatus.permissionDenied {
            let path = connection.path(SFTPObjectStore.temporaryFolder)
            _ = try connection.channel.call(.makeDirectory(path: path, permissions: 0o700))
            reply = try connection.open(temporary, flags, permissions: 0o600)
        }
        guard case .handle(let handle) = reply else {
            var error = connection.failure(reply, "create a file in", SFTPObjectStore.temporaryFolder)
            // What is not there is not an object that somebody asks for.
            if error.code == .notFound { error.code = .other }
            throw error
        }
        self.handle = handle
    }

    deinit { abandon() }

    func append(_ bytes: RawSpan) throws {
        guard handle != nil else { throw ended }
        unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
        byteCount += UInt64(bytes.byteCount)
        do {
            var start = 0
            while buffer.count - start >= connection.writeSize {
                try send(buffer[start..<start + connection.writeSize])
                start += connection.writeSize
            }
            buffer.removeFirst(start)
        } catch {
            abandon()
            throw error
        }
    }

    func commit(as name: ObjectName) throws {
        guard let handle else { throw ended }
        do {
            if !buffer.isEmpty { try send(buffer[...]) }
            buffer = []
            while first < pending.count { try awaitFirst() }
            if connection.canSync {
                let reply = try connection.channel.call(.extended(.sync, fields: [handle]))
                try connection.require(reply, "flush to disk", name.path)
            }
            self.handle = nil
            try connection.require(connection.channel.call(.close(handle: handle)), "close", name.path)
            if !connection.canSync {
                // Without a flush nothing has yet told whether all of it has arrived.
                let size = try connection.status(temporary)?.size
                guard size == byteCount else {
                    throw StorageError(
                        .unavailable,
                        "\(byteCount) bytes were written and the server has \(size.map(String.init) ?? "none")",
                        object: name
                    )
                }
            }
            try connection.makeDurableFolder(name.folderPath)
            try giveName(name)
            hasEnded = true
            try connection.syncFolder(name.folderPath)
        } catch {
            abandon()
            throw error
        }
    }

    func abandon() {
        guard !hasEnded else { return }
        hasEnded = true
        buffer = []
        pending = []
        // What cannot be removed now is removed with the stale temporaries later.
        if let handle { _ = try? connection.channel.send(.close(handle: handle)) }
        handle = nil
        _ = try? connection.channel.send(.remove(path: connection.path(temporary)))
    }

    private var ended: StorageError { StorageError(.other, "this writer has ended already") }

    private func send(_ data: ArraySlice<UInt8>) throws {
        guard let handle else { throw ended }
        while pending.count - first >= connection.window { try awaitFirst() }
        pending.append(try connection.channel.send(.write(handle: handle, offset: sent, data: data)))
        sent += UInt64(data.count)
    }

    private func awaitFirst() throws {
        let call = pending[first]
        first += 1
        if first > 256 {
            pending.removeFirst(first)
            first = 0
        }
        try connection.require(call.wait(), "write", temporary)
    }
}

extension SFTPObjectWriter {
    /// Gives the file its name, which must be free.
    private func giveName(_ name: ObjectName) throws {
        // Where the server cannot do it in one step, at least the threads of this process must not overtake each other.
        store.names.wait { $0.insert(name).inserted ? () : nil }
        defer { store.names.change { _ = $0.remove(name) } }
        let (source, target) = (connection.path(temporary), connection.path(name.path))
        if connection.canLink {
            let fields = [Array(source.utf8), Array(target.utf8)]
            let reply = try connection.channel.call(.extended(.hardLink, fields: fields))
            if case .status(let status) = reply, status.code == SFTPStatus.success {
                _ = try connection.channel.send(.remove(path: source))
                return
            }
        }
        // Refused: the name is taken, or the file system behind the server has no second names.
        if try connection.status(name.path) != nil {
            // Whoever takes "exists already" for success relies on the other one's name being durable.
            try connection.syncFolder(name.folderPath)
            throw StorageError(.alreadyExists, "there is an object of that name", object: name)
        }
        let reply = try connection.channel.call(.rename(from: source, to: target))
        do {
            try connection.require(reply, "name", name.path)
        } catch let error as StorageError {
            if error.code == .other, try connection.status(name.path) != nil {
                throw StorageError(.alreadyExists, "there is an object of that name", object: name)
            }
            throw error
        }
    }
}
