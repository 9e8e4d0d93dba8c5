internal import ObjectStorage
internal import Synchronization

/// A session with a server, and what is known about the server and of its open files as long as the session lasts.
final class SFTPConnection: Sendable {
    let channel: SFTPChannel
    /// Whether an open file can be flushed to disk.
    let canSync: Bool
    /// Whether a file can be given a second name.
    let canLink: Bool
    /// The greatest count of bytes in one reading request.
    let readSize: Int
    /// The greatest count of bytes in one writing request.
    let writeSize: Int
    /// How many requests one transfer has under way.
    ///
    /// 64 of 32 KiB each are enough for 20 MB/s at 100 ms. rclone is on this machine and takes parts of a file in their
    /// order; out of it, it would begin its own transfer anew.
    let window: Int
    /// Objects that were read last, kept open.
    let openObjects = Mutex(OpenRemoteObjects(capacity: 24))
    /// Folders that this session has made or found, and whose names it has flushed.
    let durableFolders = Mutex<Set<String>>([""])

    private let isRclone: Bool
    private let canTellSpace: Bool
    private let root: String
    /// Whether directories can be opened to flush them; false once that has failed.
    private let syncsDirectories: Mutex<Bool>

    /// Starts a session and asks what the server can do.
    init(_ program: SFTPProgram, stuckSeconds: Double, isCancelled: () -> Bool) throws {
        channel = try SFTPChannel(program, stuckSeconds: stuckSeconds, isCancelled: isCancelled)
        let extensions = channel.extensions
        canSync = extensions[SFTPExtension.sync.rawValue] != nil
        canLink = extensions[SFTPExtension.hardLink.rawValue] != nil
        canTellSpace = extensions[SFTPExtension.space.rawValue] != nil
        syncsDirectories = Mutex(canSync)
        isRclone = program.isRclone
        window = program.isRclone ? 1 : 64
        root = program.root
        var (reading, writing) = (UInt64(0), UInt64(0))
        if extensions[SFTPExtension.limits.rawValue] != nil,
            case .extended(let bytes) = try channel.call(.extended(.limits, fields: []))
        {
            var fields = SFTPFieldReader(Array(bytes))
            if (try? fields.uint64()) != nil {
                reading = (try? fields.uint64()) ?? 0
                writing = (try? fields.uint64()) ?? 0
            }
        }
        // 32 KiB is what every server takes (draft-ietf-secsh-filexfer-02 §3).
        readSize = Int(min(max(reading, 32 * 1024), 128 * 1024))
        writeSize = Int(min(max(writing, 32 * 1024), 128 * 1024))
    }

    /// Whether what is written is flushed to the server's disk before it counts as stored.
    var isDurable: Bool { canSync && syncsDirectories.withLock { $0 } }
}

extension SFTPConnection {
    /// The path of something in the store.
    func path(_ name: String) -> String {
        if name.isEmpty { return root.isEmpty ? "/" : root }
        return root.hasSuffix("/") ? root + name : "\(root)/\(name)"
    }

    /// Opens a file.
    func open(_ name: String, _ flags: SFTPRequest.OpenFlags, permissions: UInt32? = nil) throws -> SFTPReply {
        try channel.call(.open(path: path(name), flags, permissions: permissions))
    }

    /// What is known of a name, not following a link; nil if there is nothing.
    func status(_ name: String) throws -> SFTPAttributes? {
        try attributes(channel.call(.linkStatus(path: path(name))), name)
    }

    /// The attributes in an answer; nil if it says that there is nothing.
    func attributes(_ reply: SFTPReply, _ name: String) throws -> SFTPAttributes? {
        switch reply {
        case .attributes(let attributes): return attributes
        case .status(let status) where status.code == SFTPStatus.noSuchFile: return nil
        default: throw failure(reply, "look at", name)
        }
    }

    /// Throws unless the answer is a success.
    func require(_ reply: SFTPReply, _ operation: String, _ name: String) throws {
        guard case .status(let status) = reply, status.code == SFTPStatus.success else {
            throw failure(reply, operation, name)
        }
    }

    /// Flushes a folder, so that the names in it are durable; does nothing where the server cannot.
    func syncFolder(_ folder: String) throws {
        guard syncsDirectories.withLock({ $0 }) else { return }
        guard case .handle(let handle) = try open(folder, .read) else {
            syncsDirectories.withLock { $0 = false }
            return
        }
        let reply = try channel.call(.extended(.sync, fields: [handle]))
        _ = try channel.send(.close(handle: handle))
        if case .status(let status) = reply, status.code == SFTPStatus.unsupported {
            return syncsDirectories.withLock { $0 = false }
        }
        try require(reply, "flush to disk", folder)
    }

    /// Makes a folder with those above it and flushes their names.
    func makeDurableFolder(_ folder: String) throws {
        var path = ""
        for component in folder.split(separator: "/") {
            let parent = path
            path += path.isEmpty ? component : "/" + component
            if durableFolders.withLock({ $0.contains(path) }) { continue }
            let reply = try channel.call(.makeDirectory(path: self.path(path), permissions: 0o700))
            if case .status(let status) = reply, status.code != SFTPStatus.success {
                // Most servers say "failure" when it is there already.
                guard let found = try followedStatus(path), found.isDirectory != false else {
                    throw failure(reply, "make the folder", path)
                }
            }
            // A folder that was found may have been made by a process that died before it made the name durable.
            try syncFolder(parent)
            _ = durableFolders.withLock { $0.insert(path) }
        }
    }

    private func followedStatus(_ name: String) throws -> SFTPAttributes? {
        try attributes(channel.call(.status(path: path(name))), name)
    }

    /// Room for this user on the file system of the store, bytes; nil if the server does not tell.
    func availableSpace() throws -> UInt64? {
        guard canTellSpace,
            case .extended(let bytes) = try channel.call(.extended(.space, fields: [Array(path("").utf8)]))
        else { return nil }
        // Block size, fragment size, then counts of fragments: all, free, available (OpenSSH's PROTOCOL, §4.4).
        var fields = SFTPFieldReader(Array(bytes))
        var numbers: [UInt64] = []
        while numbers.count < 5, let number = try? fields.uint64() { numbers.append(number) }
        guard numbers.count == 5 else { return nil }
        let (total, overflow) = numbers[1].multipliedReportingOverflow(by: numbers[4])
        return overflow ? .max : total
    }

    /// The error that an answer amounts to which is not what was asked for.
    func failure(_ reply: SFTPReply, _ operation: String, _ name: String) -> StorageError {
        let object = ObjectName(validating: name)
        guard case .status(let status) = reply else {
            return StorageError(
                .other,
                "cannot \(operation) it: the server gave an answer of another kind",
                object: object
            )
        }
        let words = status.message.isEmpty ? "SFTP status \(status.code)" : printableWords(status.message)
        let message = "cannot \(operation) \(object == nil ? "\"\(path(name))\"" : "it"): \(words)"
        switch status.code {
        case SFTPStatus.noSuchFile: return StorageError(.notFound, message, object: object)
        case SFTPStatus.permissionDenied: return StorageError(.permissionDenied, message, object: object)
        case SFTPStatus.noConnection, SFTPStatus.connectionLost:
            return StorageError(.unavailable, message, object: object)
        case SFTPStatus.failure:
            if isOutOfSpace(status.message) {
                return StorageError(.noSpace, "\(message); there is no room left on the server", object: object)
            }
            return StorageError(isRclone ? .unavailable : .other, message, object: object)
        default: return StorageError(.other, message, object: object)
        }
    }

    /// OpenSSH says nothing but "failure" when a disk or a quota is full.
    private func isOutOfSpace(_ message: String) -> Bool {
        let text = message.lowercased()
        if text.contains("no space") || text.contains("quota") || text.contains("storage full") { return true }
        guard let space = try? availableSpace() else { return false }
        return space < 1 << 20
    }
}
