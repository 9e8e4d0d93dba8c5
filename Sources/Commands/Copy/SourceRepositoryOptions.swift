import ArgumentParser

/// The repository that is copied from, and its key.
struct SourceRepositoryOptions: ParsableArguments {
    @Option(
        name: [.customLong("from-repo"), .customLong("from-repository")],
        help: ArgumentHelp("The repository to copy from. (HOLDFAST_FROM_REPOSITORY)", valueName: "location")
    )
    var repository: String?

    @Option(
        name: .customLong("from-repository-file"),
        help: ArgumentHelp("A file that names it. (HOLDFAST_FROM_REPOSITORY_FILE)", valueName: "file")
    )
    var repositoryFile: String?

    @Option(
        name: .customLong("from-password-file"),
        help: ArgumentHelp("A file that holds its password. (HOLDFAST_FROM_PASSWORD_FILE)", valueName: "file")
    )
    var passwordFile: String?

    @Option(
        name: .customLong("from-password-command"),
        help: ArgumentHelp(
            "A shell command that prints its password. (HOLDFAST_FROM_PASSWORD_COMMAND)",
            valueName: "command"
        )
    )
    var passwordCommand: String?

    @Option(
        name: .customLong("from-key-file"),
        help: ArgumentHelp("The key file that opens it. (HOLDFAST_FROM_KEY_FILE)", valueName: "file")
    )
    var keyFile: String?

    @Option(
        name: .customLong("from-recovery-kit"),
        help: ArgumentHelp(
            "Its recovery kit, or a file of the words. (HOLDFAST_FROM_RECOVERY_WORDS_FILE)",
            valueName: "file"
        )
    )
    var recoveryKit: String?

    /// The same as global options of a session of its own; local directories and output are those of another.
    func global(beside other: GlobalOptions) throws -> GlobalOptions {
        var options = try GlobalOptions.parse([])
        options.repository = repository
        options.repositoryFile = repositoryFile
        options.passwordFile = passwordFile
        options.passwordCommand = passwordCommand
        options.keyFile = keyFile
        options.recoveryKit = recoveryKit
        options.remote = other.remote
        options.cacheDir = other.cacheDir
        options.noCache = other.noCache
        options.stateDir = other.stateDir
        options.json = other.json
        options.verbose = other.verbose
        options.quiet = other.quiet
        do { try options.validate() } catch let error as ValidationError {
            throw UsageError("of the repository to copy from: \(error.message)")
        }
        return options
    }
}
