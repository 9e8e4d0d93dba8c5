import Cryptography
import FileSystem

/// A file for a secret that must not exist yet: mode 0600, no link followed, made before the work that fills it.
final class NewFile {
    /// The path as typed.
    let path: String
    private let directory: Directory
    private let name: [UInt8]
    private let file: Descriptor

    /// Creates the file, empty at first.
    ///
    /// - Throws: `UsageError` if it exists or cannot be made.
    init(path: String, what: String) throws {
        self.path = path
        let whole = Array(path.utf8)
        let slash = whole.lastIndex(of: UInt8(ascii: "/"))
        name = slash.map { Array(whole[($0 + 1)...]) } ?? whole
        let parent = slash.map { $0 == 0 ? [UInt8(ascii: "/")] : Array(whole[..<$0]) } ?? [UInt8(ascii: ".")]
        do {
            directory = try Directory.open(path: parent)
            file = try directory.createFile(name, permissions: 0o600)
        } catch  where error.isAlreadyExisting {
            throw UsageError("\(path) exists already: give the new \(what) a name of its own")
        } catch {
            throw UsageError("the \(what) cannot be made: \(error)")
        }
    }

    /// Fills the file and makes it durable.
    func write(_ bytes: [UInt8]) throws {
        try file.write(bytes)
        try finish()
    }

    /// Fills the file with a secret and makes it durable.
    func write(_ secret: borrowing Secret) throws {
        try secret.withBytes { bytes throws(SystemError) in try file.write(bytes) }
        try finish()
    }

    /// Removes the file again.
    func discard() { try? directory.unlink(name) }

    private func finish() throws {
        try file.sync()
        try file.close()
        try directory.sync()
    }
}
