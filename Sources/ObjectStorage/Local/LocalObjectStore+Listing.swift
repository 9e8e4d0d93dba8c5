internal import FileSystem
internal import Glibc

extension LocalObjectStore {
    /// Lists every object below a folder, each folder in the order of its names.
    package func list(prefix: String, _ body: (ObjectName, _ byteCount: UInt64) throws -> Void) throws {
        let path = try folder(of: prefix)
        let folder: Directory
        do throws(SystemError) {
            folder = try root.openDirectory(beneath: Array(path.utf8))
        } catch {
            if error.errno == ENOENT { return }
            throw StorageError(error)
        }
        try list(folder, prefix: prefix, body)
    }

    private func list(
        _ folder: Directory,
        prefix: String,
        _ body: (ObjectName, _ byteCount: UInt64) throws -> Void
    ) throws {
        let names = try systemErrorsTranslated(nil) { () throws(SystemError) in try folder.names() }
        for index in 0..<names.count {
            let bytes = names[index]
            // What is not a name of an object (lost+found, the store's own temporaries) is not the store's.
            guard let name = ObjectName(validating: prefix + String(decoding: bytes, as: UTF8.self)) else { continue }
            if names.kind(at: index) == .directory {
                try descend(folder, bytes, name, body)
                continue
            }
            let status: FileStatus?
            do throws(SystemError) {
                status = try folder.statusIfPresent(bytes)
            } catch {
                throw StorageError(error, object: name)
            }
            // Removed since the names were read.
            guard let status else { continue }
            if status.kind == .directory {
                try descend(folder, bytes, name, body)
            } else {
                // What is no file is listed as an empty object, so that whoever reads it learns what stands there, and
                // the objects beside it can still be listed.
                try body(name, (try? byteCount(status, of: name)) ?? 0)
            }
        }
    }

    private func descend(
        _ folder: Directory,
        _ bytes: [UInt8],
        _ name: ObjectName,
        _ body: (ObjectName, _ byteCount: UInt64) throws -> Void
    ) throws {
        let inner: Directory
        do throws(SystemError) {
            inner = try folder.openDirectory(bytes)
        } catch {
            if error.errno == ENOENT { return }
            throw StorageError(error, object: name)
        }
        try list(inner, prefix: name.path + "/", body)
    }
}
