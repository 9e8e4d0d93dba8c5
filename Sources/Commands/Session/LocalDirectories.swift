import Cryptography
import FileSystem
import Glibc
import Records
import Repository

/// Where this host keeps what belongs to repositories: what can be rebuilt, and what is remembered.
struct LocalDirectories {
    private let options: GlobalOptions
    private let variables: Variables
    private let output: Output

    /// Takes options and environment of a session.
    init(_ session: Session) {
        options = session.options
        variables = session.variables
        output = session.output
    }

    /// The directory of all caches, made if need be; nil if none is wanted or none can be had.
    func cacheRoot() throws -> (directory: Directory, path: String)? {
        guard !options.noCache else { return nil }
        let chosen = options.cacheDir ?? variables.nonEmpty("HOLDFAST_CACHE_DIR")
        guard let path = chosen ?? home("XDG_CACHE_HOME", ".cache") else { return nil }
        do {
            let directory = try Directory.openOrMake(path: Array(path.utf8))
            try markAsCache(directory)
            return (directory, path)
        } catch {
            if chosen != nil { throw UsageError("the cache directory cannot be used: \(error)") }
            output.warning("no cache is kept, which makes the work slower: \(error)")
            return nil
        }
    }

    /// What is remembered of one repository: the heads and the policy that this host has seen.
    func state(of repository: RepositoryID) throws -> Directory? {
        let chosen = options.stateDir ?? variables.nonEmpty("HOLDFAST_STATE_DIR")
        guard let path = chosen ?? home("XDG_STATE_HOME", ".local/state") else {
            output.warning(
                "HOME is not set, so nothing is remembered and a roll-back of the repository would go unnoticed: set "
                    + "HOLDFAST_STATE_DIR"
            )
            return nil
        }
        do {
            let root = try Directory.openOrMake(path: Array(path.utf8))
            return try root.openOrMakeDirectory(Array(repository.hex.utf8)).directory
        } catch {
            if chosen != nil { throw UsageError("the state directory cannot be used: \(error)") }
            output.warning(
                "nothing is remembered, so a roll-back of the repository would go unnoticed: \(error); choose another "
                    + "directory by HOLDFAST_STATE_DIR"
            )
            return nil
        }
    }

    private func home(_ variable: String, _ fallback: String) -> String? {
        // The XDG base directory specification has relative values ignored.
        if let base = variables.nonEmpty(variable), base.hasPrefix("/") { return base + "/holdfast" }
        guard let home = variables.nonEmpty("HOME"), home.hasPrefix("/") else { return nil }
        return "\(home)/\(fallback)/holdfast"
    }

    /// Puts the tag there by which backup programs recognise caches (bford.info/cachedir).
    private func markAsCache(_ directory: Directory) throws {
        let name = Array("CACHEDIR.TAG".utf8)
        guard try directory.statusIfPresent(name) == nil else { return }
        let text = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by holdfast; what is here can be rebuilt.\n"
        do {
            let file = try directory.createFile(name, permissions: 0o600)
            try file.write(Array(text.utf8))
            try file.close()
        } catch  where error.isAlreadyExisting {
            // Another process was faster.
        }
    }
}
