import FileSystem
import Repository

/// Reads key files that users name.
enum KeyFileReading {
    /// The content of a key file; warns where others than its owner may read it.
    ///
    /// - Throws: `UsageError` if it cannot be read.
    static func read(_ path: String, _ output: Output) throws -> SecretHolder {
        let secret = try SecretFile.read(path, what: "key file")
        if let status = try? openUserFile(path).status(), status.kind == .regular, status.permissions & 0o077 != 0 {
            output.warning("the key file \(path) can be read by others than its owner: chmod 600 it")
        }
        return SecretHolder(secret)
    }
}
