import FileSystem
import ObjectStorage
import Repository

/// Whether a directory is a place for a new repository.
///
/// A repository in the middle of other people's files would be cleaned up with them one day.
enum EmptyPlace {
    /// What may lie there: the root of a file system has its own, and an interrupted init leaves something behind.
    private static let harmless: Set<String> = ["lost+found", "tmp", "keys", "policy"]
    /// What a repository consists of; whether it is whole is not judged here.
    private static let repository: Set<String> = [
        "format", "packs", "index", "packlists", "commits", "leases", "attested", "plans", "forgotten", "receipts",
        "erased", "audit",
    ]

    /// Refuses a directory that holds anything else.
    static func require(_ location: String) throws {
        guard let name = try foreignName(in: location) else { return }
        throw RepositoryError(
            .invalidRequest,
            "\(location) is not empty (it holds \"\(printable(name))\"): give a new or an empty directory"
        )
    }

    /// Refuses a store that holds other objects than those of a repository.
    static func require(_ store: any ObjectStore) throws {
        // Whether what is there is whole, whoever makes the repository finds out.
        if try store.exists(ObjectName("format")) { return }
        try store.list(prefix: "") { name, _ in
            let first = String(name.components.first ?? "")
            guard !harmless.contains(first), !repository.contains(first) else { return }
            throw RepositoryError(
                .invalidRequest,
                "\(store.location) is not empty (it holds \"\(name)\"): give a new or an empty place"
            )
        }
    }

    private static func foreignName(in location: String) throws -> [UInt8]? {
        guard let directory = try existingDirectory(location) else { return nil }
        let names = try directory.names()
        return (0..<names.count).map { names[$0] }.first { name in
            let text = String(decoding: name, as: UTF8.self)
            return !harmless.contains(text) && !repository.contains(text)
        }
    }

    private static func existingDirectory(_ path: String) throws -> Directory? {
        do throws(SystemError) {
            return try Directory.open(path: Array(path.utf8))
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }
}
