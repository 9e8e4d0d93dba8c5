internal import Cryptography
internal import FileSystem
internal import Glibc

/// An object that is being written to the store's folder of temporaries.
final class LocalObjectWriter: ObjectWriter {
    private(set) var byteCount: UInt64 = 0

    private let store: LocalObjectStore
    private let temporaries: Directory
    private let temporary: [UInt8]

    /// Nil once the writer has ended.
    private var file: Descriptor?

    init(store: LocalObjectStore, temporaries: Directory) throws(SystemError) {
        self.store = store
        self.temporaries = temporaries
        temporary = TemporaryName.random(prefix: "\(ProcessIdentity.current)-")
        file = try temporaries.createFile(temporary)
    }

    deinit { abandon() }

    func append(_ bytes: RawSpan) throws {
        let file = try openFile()
        do {
            try file.write(bytes)
            byteCount += UInt64(bytes.byteCount)
        } catch {
            abandon()
            throw StorageError(error)
        }
    }

    func commit(as name: ObjectName) throws {
        let file = try openFile()
        do throws(SystemError) {
            try file.sync()
            let size = try file.status().size
            guard UInt64(exactly: size) == byteCount else {
                throw SystemError(errno: EIO, operation: "find all \(byteCount) bytes written, only \(size), in")
            }
            try file.close()
            let (folder, last) = try store.durableFolder(of: name)
            try move(to: folder, last)
            self.file = nil
            try folder.sync()
        } catch {
            abandon()
            throw StorageError(error, object: name)
        }
    }

    /// Moves the object over a damaged one of the name, after the bytes that were written have been read back and found
    /// to have the hash; ends the writer.
    func commit(replacing name: ObjectName, expected: Digest) throws {
        let file = try openFile()
        do {
            var hash = try SHA256()
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            var position: UInt64 = 0
            do throws(SystemError) { try file.sync() } catch { throw StorageError(error, object: name) }
            let opened: Descriptor
            do throws(SystemError) { opened = try temporaries.openFile(temporary) } catch {
                throw StorageError(error, object: name)
            }
            while position < byteCount {
                let count = Int(min(UInt64(buffer.count), byteCount - position))
                do throws(SystemError) {
                    try opened.readExactly(from: Int64(position), into: &buffer, at: 0, count: count)
                } catch { throw StorageError(error, object: name) }
                let bytes = buffer
                try unsafe hash.update(bytes.span.bytes.extracting(0..<count))
                position += UInt64(count)
            }
            guard try hash.finalize() == expected else {
                throw StorageError(.other, "what was to take its place is not right either", object: name)
            }
            do throws(SystemError) {
                try opened.close()
                try file.close()
                let (folder, last) = try store.durableFolder(of: name)
                try temporaries.rename(temporary, to: folder, as: last)
                self.file = nil
                try folder.sync()
            } catch { throw StorageError(error, object: name) }
        } catch {
            abandon()
            throw error
        }
    }

    func abandon() {
        guard file != nil else { return }
        file = nil
        // What cannot be removed now is removed with the stale temporaries later.
        try? temporaries.unlink(temporary)
    }

    /// Gives the file its name, which must be free.
    ///
    /// NFS and some others cannot rename without replacing; there the file gets its name as a second one, which can
    /// never replace anything either, and loses its first.
    private func move(to folder: Directory, _ name: [UInt8]) throws(SystemError) {
        do throws(SystemError) {
            if store.usesRename, try rename(to: folder, name) { return }
            try temporaries.link(temporary, to: folder, as: name)
            try? temporaries.unlink(temporary)
        } catch {
            // Whoever takes "exists already" for success relies on the other one's name being durable.
            if error.isAlreadyExisting { try folder.sync() }
            throw error
        }
    }

    /// Whether the file system could rename without replacing.
    private func rename(to folder: Directory, _ name: [UInt8]) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try temporaries.rename(temporary, to: folder, as: name, .withoutReplacing)
            return true
        } catch {
            if error.errno == EINVAL || error.isUnsupported { return false }
            throw error
        }
    }

    private func openFile() throws(StorageError) -> Descriptor {
        guard let file else { throw StorageError(.other, "this writer has ended already") }
        return file
    }
}
