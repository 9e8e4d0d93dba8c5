package import Cryptography
internal import FileSystem
internal import Synchronization

/// A store in a directory of a local or mounted file system.
///
/// An object is a file (0600) in folders (0700) named after its components. It is written to `tmp/`, flushed, moved to
/// its name without ever replacing anything, and the folder is flushed. Links inside the store are refused, not
/// followed, wherever they stand.
package final class LocalObjectStore: ObjectStore {
    /// The path that the store was opened by.
    package let location: String

    let root: Directory

    /// Whether objects get their names by renaming; false where every name is a link first.
    let usesRename: Bool

    private let openObjects = Mutex(DescriptorCache(capacity: 32))

    /// Folders whose own names this process has made durable or found so.
    private let durableFolders = Mutex<Set<String>>([""])

    private init(location: String, root: Directory, usesRename: Bool) {
        self.location = location
        self.root = root
        self.usesRename = usesRename
    }

    /// Makes the directory, with those above it, if it is missing, and opens it.
    /// - Parameter usesRename: false to do as on file systems that cannot rename without replacing (NFS).
    package static func create(at path: String, usesRename: Bool = true) throws -> LocalObjectStore {
        let root = try systemErrorsTranslated(nil) { () throws(SystemError) in
            let root = try Directory.openOrMake(path: Array(path.utf8))
            _ = try root.openOrMakeDirectory(temporaryFolder)
            try root.sync()
            return root
        }
        return LocalObjectStore(location: path, root: root, usesRename: usesRename)
    }

    /// Opens the store in an existing directory; nothing is changed, so it may be mounted read-only.
    package static func open(at path: String) throws -> LocalObjectStore {
        let root = try systemErrorsTranslated(nil) { () throws(SystemError) in
            try Directory.open(path: Array(path.utf8))
        }
        return LocalObjectStore(location: path, root: root, usesRename: true)
    }

    /// Creates an object; durable on return.
    package func put(_ name: ObjectName, _ bytes: [UInt8]) throws {
        let writer = try makeWriter()
        try writer.append(bytes)
        try writer.commit(as: name)
    }

    /// Begins an object in `tmp/`.
    package func makeWriter() throws -> any ObjectWriter {
        try systemErrorsTranslated(nil) { () throws(SystemError) in
            let (folder, _) = try root.openOrMakeDirectory(Self.temporaryFolder)
            return try LocalObjectWriter(store: self, temporaries: folder)
        }
    }

    /// The length of an object.
    package func byteCount(of name: ObjectName) throws -> UInt64 {
        let status = try systemErrorsTranslated(name) { () throws(SystemError) in
            let (folder, last) = try folder(of: name)
            return try folder.status(last)
        }
        return try byteCount(status, of: name)
    }

    /// Whether there is an object of that name.
    package func exists(_ name: ObjectName) throws -> Bool {
        do {
            _ = try byteCount(of: name)
            return true
        } catch let error as StorageError where error.code == .notFound {
            return false
        }
    }

    /// Puts the right bytes in the place of a damaged or missing object: they are written beside it, read back, and moved
    /// over it.
    package func replaceDamaged(
        _ name: ObjectName,
        expected: Digest,
        isWhole: ((_ bytes: [UInt8]) throws -> Bool)?,
        write: (any ObjectWriter) throws -> Void
    ) throws {
        // An open file would go on showing what is replaced.
        openObjects.withLock { $0.remove(name) }
        _ = try requireDamaged(name, expected: expected, isWhole: isWhole)
        defer { openObjects.withLock { $0.remove(name) } }
        let (folder, _) = try systemErrorsTranslated(name) { () throws(SystemError) in
            try root.openOrMakeDirectory(Self.temporaryFolder)
        }
        let writer = try systemErrorsTranslated(name) { () throws(SystemError) in
            try LocalObjectWriter(store: self, temporaries: folder)
        }
        do {
            try write(writer)
            try writer.commit(replacing: name, expected: expected)
        } catch {
            writer.abandon()
            throw error
        }
    }

    /// Removes an object and flushes its folder.
    package func remove(_ name: ObjectName) throws {
        openObjects.withLock { $0.remove(name) }
        try systemErrorsTranslated(name) { () throws(SystemError) in
            let (folder, last) = try folder(of: name)
            try folder.unlink(last)
            try folder.sync()
        }
    }
}

extension LocalObjectStore {
    /// The folder of the store's own unfinished files.
    static let temporaryFolder = Array(ObjectName.reservedComponent.utf8)

    /// The folder that an object lies in, and the object's name there.
    func folder(of name: ObjectName) throws(SystemError) -> (folder: Directory, last: [UInt8]) {
        let bytes = Array(name.path.utf8)
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return (root, bytes) }
        return (try root.openDirectory(beneath: Array(bytes[..<slash])), Array(bytes[(slash + 1)...]))
    }

    /// The folder that an object is to lie in, made if need be; its own name and those above it are durable on return.
    func durableFolder(of name: ObjectName) throws(SystemError) -> (folder: Directory, last: [UInt8]) {
        var current = root
        var path = ""
        let components = name.components
        for component in components.dropLast() {
            let parent = current
            let (folder, made) = try parent.openOrMakeDirectory(Array(component.utf8))
            path += path.isEmpty ? component : "/" + component
            // A folder that was found may have been made by a process that died before it made the name durable.
            if made || !durableFolders.withLock({ $0.contains(path) }) {
                try parent.sync()
                _ = durableFolders.withLock { $0.insert(path) }
            }
            current = folder
        }
        return (current, Array((components.last ?? "").utf8))
    }

    /// An open object, from among those that were used last or newly opened.
    func openObject(_ name: ObjectName) throws(StorageError) -> DescriptorCache.OpenObject {
        if let object = openObjects.withLock({ $0.find(name) }) { return object }
        let (file, status) = try systemErrorsTranslated(name) { () throws(SystemError) in
            let (folder, last) = try folder(of: name)
            let file = try folder.openFile(last)
            return (file, try file.status())
        }
        let object = DescriptorCache.OpenObject(file: file, byteCount: try byteCount(status, of: name))
        openObjects.withLock { $0.insert(object, as: name) }
        return object
    }

    /// The length of an object by its status; refuses what is not a file.
    func byteCount(_ status: FileStatus, of name: ObjectName) throws(StorageError) -> UInt64 {
        guard status.kind == .regular, let count = UInt64(exactly: status.size) else {
            throw StorageError(.damaged, "something that is not a file stands in its place", object: name)
        }
        return count
    }
}
