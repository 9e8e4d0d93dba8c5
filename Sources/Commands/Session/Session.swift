import Cryptography
import FileSystem
import ObjectStorage
import Records
import Repository
import Snapshots

/// One run of a command: what was said by options and environment, and how to speak.
final class Session: Sendable {
    /// What every command was told.
    let options: GlobalOptions
    /// The environment.
    let variables: Variables
    /// What the program says.
    let output: Output
    /// When the run began, on a clock that never jumps, ns.
    let start = monotonicNanoseconds()

    /// Begins a run.
    init(_ options: GlobalOptions, variables: Variables = Variables()) {
        self.options = options
        self.variables = variables
        output = Output(
            isJSON: options.json,
            verbosity: options.quiet ? -1 : options.verbose,
            variables: variables
        )
    }

    /// Seconds since the run began.
    var elapsedSeconds: Double { Double(monotonicNanoseconds() - start) / 1e9 }

    /// The present time, ns.
    var now: Int64 { wallClockNanoseconds() }

    /// Ends the run if the user has asked for it.
    func checkCancellation() throws {
        if Cancellation.isRequested { throw RepositoryError(.cancelled, "stopped before the end") }
    }
}

extension Session {
    /// Where the repository is, as the user has written it.
    ///
    /// - Throws: `UsageError` if none is named.
    func locationText() throws -> String {
        var location = options.repository
        if location == nil, let path = options.repositoryFile { location = try readLocation(path) }
        if location == nil { location = variables.nonEmpty("HOLDFAST_REPOSITORY") }
        if location == nil, let path = variables.nonEmpty("HOLDFAST_REPOSITORY_FILE") {
            location = try readLocation(path)
        }
        guard let location, !location.isEmpty else {
            throw UsageError(
                variables.isSource
                    ? "no repository to copy from is named: give --from-repo LOCATION or set HOLDFAST_FROM_REPOSITORY"
                    : "no repository is named: give --repo LOCATION or set HOLDFAST_REPOSITORY"
            )
        }
        return location
    }

    private func readLocation(_ path: String) throws -> String {
        let bytes: [UInt8]
        do {
            bytes = try readSmallFile(path, limit: 64 * 1024)
        } catch {
            throw UsageError("the file that names the repository: \(error)")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        return String(text.split(separator: "\n", maxSplits: 1).first ?? "")
    }

    /// Opens the repository with the key that options and environment name.
    func openRepository() throws -> Repository {
        let store = try openStore()
        let id = try Repository.readFormat(store).repository
        let source = CredentialSource(options, variables)
        let prompt = variables.isSource ? "password for the repository to copy from: " : "password for the repository: "
        let kit: RecoveryKit?
        let credential: Credential
        switch source {
        case .keyFile(let path):
            kit = nil
            credential = .keyFile(try KeyFileReading.read(path, output))
        case .recoveryKit(let path):
            let read = try RecoveryKit(file: path)
            (kit, credential) = (read, .recovery(read.secret))
        case .recoveryPrompt:
            let typed = try RecoveryKit.ask()
            (kit, credential) = (typed, .recovery(typed.secret))
        case .passwordVariable, .passwordFile, .passwordCommand, .passwordPrompt:
            kit = nil
            credential = .passphrase(try source.password(isNew: false, prompt: prompt, variables: variables))
        }
        let repository = try Repository.open(
            store: store,
            credential: credential,
            environment: try environment(for: id)
        )
        try kit?.vouch(for: repository)
        output.detail("opened repository \(id.hex.prefix(16)) at \(store.location)")
        return repository
    }

    /// The local directories of a repository, clock, warnings and cancellation.
    func environment(for repository: RepositoryID) throws -> RepositoryEnvironment {
        let output = self.output
        let directories = LocalDirectories(self)
        return RepositoryEnvironment(
            cache: try directories.cacheRoot()?.directory,
            state: try directories.state(of: repository),
            warn: { output.warning($0) },
            isCancelled: { Cancellation.isRequested }
        )
    }
}

/// The content of a small file that a user names; links are followed.
func readSmallFile(_ path: String, limit: Int) throws -> [UInt8] {
    try openUserFile(path).readToEnd(limit: limit)
}
