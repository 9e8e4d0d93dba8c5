internal import FileSystem
package import ObjectStorage
internal import Synchronization
internal import Threads

/// A store in a directory behind an SFTP server, laid out as a local store is.
///
/// An object is written to `tmp/`, flushed where the server can (`fsync@openssh.com`), given its name without ever
/// replacing anything, and its folder is flushed. The name is given by `hardlink@openssh.com`, which cannot replace
/// anything; elsewhere by a look and the renaming of version 3, which is not to replace anything either but does with
/// some servers (rclone): there two clients that use one name at the same moment can get in each other's way. Renaming
/// by `posix-rename@openssh.com` replaces, and is not used.
package final class SFTPObjectStore: ObjectStore {
    /// Where the store is, as people write it.
    package let location: String

    private let program: SFTPProgram
    private let settings: RemoteSettings
    private let current = Monitor<SFTPConnection?>(nil)
    /// Names that threads of this process are giving right now.
    let names = Monitor<Set<ObjectName>>([])

    private init(_ program: SFTPProgram, location: String, settings: RemoteSettings) {
        self.program = program
        self.location = location
        self.settings = settings
    }

    deinit { current.withLock { $0?.channel.close() } }

    /// Makes the directory, with those above it, if it is missing, and opens it.
    package static func create(
        _ program: SFTPProgram,
        location: String,
        settings: RemoteSettings = RemoteSettings()
    ) throws -> SFTPObjectStore {
        let store = SFTPObjectStore(program, location: location, settings: settings)
        if program.isRclone {
            try store.makeRcloneRoot()
        } else {
            try store.makeRoot()
        }
        try store.requireRoot()
        return store
    }

    /// Opens the store in an existing directory; nothing is changed.
    package static func open(
        _ program: SFTPProgram,
        location: String,
        settings: RemoteSettings = RemoteSettings()
    ) throws -> SFTPObjectStore {
        let store = SFTPObjectStore(program, location: location, settings: settings)
        try store.requireRoot()
        return store
    }

    /// The session with the server; a new one after the last has ended.
    func connection() throws -> SFTPConnection {
        try current.withLock { current in
            if let connection = current, !connection.channel.hasFailed { return connection }
            let connection = try SFTPConnection(
                program,
                stuckSeconds: settings.stuckSeconds,
                isCancelled: settings.isCancelled
            )
            current = connection
            return connection
        }
    }

    /// Creates an object; durable on return as far as the server can.
    package func put(_ name: ObjectName, _ bytes: [UInt8]) throws {
        let writer = try makeWriter()
        try writer.append(bytes)
        try writer.commit(as: name)
    }

    /// Begins an object in `tmp/`.
    package func makeWriter() throws -> any ObjectWriter {
        try SFTPObjectWriter(store: self, connection: try connection())
    }

    /// The length of an object.
    package func byteCount(of name: ObjectName) throws -> UInt64 {
        guard let attributes = try connection().status(name.path) else { throw missing(name) }
        return try byteCount(attributes, of: name)
    }

    /// Whether there is an object of that name.
    package func exists(_ name: ObjectName) throws -> Bool {
        guard let attributes = try connection().status(name.path) else { return false }
        _ = try byteCount(attributes, of: name)
        return true
    }

    /// Removes an object and flushes its folder.
    package func remove(_ name: ObjectName) throws {
        let connection = try connection()
        _ = connection.openObjects.withLock { $0.remove(name) }
        let reply = try connection.channel.call(.remove(path: connection.path(name.path)))
        do {
            try connection.require(reply, "remove", name.path)
        } catch let error as StorageError where error.code == .unavailable || error.code == .other {
            // Some servers say "failure" where there is nothing.
            if try connection.status(name.path) == nil { throw missing(name) }
            throw error
        }
        try connection.syncFolder(name.folderPath)
    }

    /// What the server does for the durability of objects, and the room it has.
    package func abilities() throws -> (syncs: Bool, linksWithoutReplacing: Bool, availableBytes: UInt64?) {
        let connection = try connection()
        try connection.syncFolder("")
        return (connection.isDurable, connection.canLink, try connection.availableSpace())
    }
}

extension SFTPObjectStore {
    /// The folder of the store's own unfinished files.
    static let temporaryFolder = "tmp"

    func missing(_ name: ObjectName) -> StorageError {
        StorageError(.notFound, "there is no such object", object: name)
    }

    /// The length in what a server says about an object; refuses what is not a file.
    func byteCount(_ attributes: SFTPAttributes, of name: ObjectName) throws(StorageError) -> UInt64 {
        guard attributes.isFile != false else {
            throw StorageError(.damaged, "something that is not a file stands in its place", object: name)
        }
        guard let size = attributes.size, size <= UInt64(Int64.max) else {
            throw StorageError(.other, "the server does not tell its length", object: name)
        }
        return size
    }

    private func requireRoot() throws {
        let connection = try connection()
        let reply = try connection.channel.call(.openDirectory(path: connection.path("")))
        guard case .handle(let handle) = reply else {
            var error = connection.failure(reply, "open the directory", "")
            if try connection.status("")?.isFile == true { error.code = .damaged }
            // rclone says nothing but "failure" for a directory that is not there.
            if program.isRclone, error.message.contains("not found") || error.message.contains("no such") {
                error.code = .notFound
            }
            throw error
        }
        _ = try connection.channel.send(.close(handle: handle))
    }

    private func makeRoot() throws {
        let connection = try connection()
        if try connection.status("") != nil { return }
        var path = program.root.hasPrefix("/") ? "" : "."
        for component in program.root.split(separator: "/") {
            path += "/" + component
            // Most of these are there already; whether the last one is in the end is what counts.
            _ = try connection.channel.call(.makeDirectory(path: path, permissions: 0o700))
        }
    }

    private func makeRcloneRoot() throws {
        guard let remote = program.arguments.last else { return }
        var setting = ChildProcess.Setting()
        setting.pipesErrors = true
        setting.hasOwnGroup = true
        let child = try ChildProcess([program.arguments[0], "mkdir", remote], setting)
        let tail = ErrorTail(child.errors)
        if let failure = child.waitForFailure() {
            var error = program.failure(failure, complaints: tail.text())
            if error.code == .unavailable { error.message = "\(location) cannot be made: \(error.message)" }
            throw error
        }
    }
}

extension ObjectName {
    /// The path of the folder that the object lies in; empty for the store itself.
    var folderPath: String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return String(path[..<slash])
    }
}
