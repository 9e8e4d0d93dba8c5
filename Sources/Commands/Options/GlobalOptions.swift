import ArgumentParser

/// The options that every command has; they may stand before the command's name as well.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: [.customShort("r"), .customLong("repo"), .customLong("repository")],
        help: ArgumentHelp(
            "The repository: a directory, sftp:USER@HOST:/PATH, or rclone:REMOTE:PATH. (HOLDFAST_REPOSITORY)",
            valueName: "location"
        )
    )
    var repository: String?

    @Option(help: ArgumentHelp("A file that names the repository. (HOLDFAST_REPOSITORY_FILE)", valueName: "file"))
    var repositoryFile: String?

    @Option(
        name: [.customShort("p"), .long],
        help: ArgumentHelp("A file that holds the password. (HOLDFAST_PASSWORD_FILE)", valueName: "file")
    )
    var passwordFile: String?

    @Option(
        help: ArgumentHelp(
            "A shell command that prints the password. (HOLDFAST_PASSWORD_COMMAND)",
            valueName: "command"
        )
    )
    var passwordCommand: String?

    @Option(help: ArgumentHelp("The key file that opens the repository. (HOLDFAST_KEY_FILE)", valueName: "file"))
    var keyFile: String?

    @Option(
        help: ArgumentHelp(
            "A recovery kit, or a file of its words. (HOLDFAST_RECOVERY_WORDS_FILE)",
            valueName: "file"
        )
    )
    var recoveryKit: String?

    @Flag(help: "Ask for the words of a recovery kit on the terminal.")
    var recoveryWords = false

    @Option(
        help: ArgumentHelp(
            "Where what can be rebuilt is kept. (HOLDFAST_CACHE_DIR; default ~/.cache/holdfast)",
            valueName: "directory"
        )
    )
    var cacheDir: String?

    @Flag(help: "Keep no cache.")
    var noCache = false

    @Option(
        help: ArgumentHelp(
            "Where what this host has seen is remembered. (HOLDFAST_STATE_DIR; default ~/.local/state/holdfast)",
            valueName: "directory"
        )
    )
    var stateDir: String?

    @OptionGroup var remote: RemoteStorageOptions

    @Flag(help: "Print JSON lines instead of text.")
    var json = false

    @Flag(name: .shortAndLong, help: "Say more; twice says still more.")
    var verbose: Int

    @Flag(name: .shortAndLong, help: "Say nothing but results and errors.")
    var quiet = false

    /// The options above that take a value, for those that stand before the command's name.
    static let namesWithValue: Set<String> = RemoteStorageOptions.namesWithValue.union([
        "-r", "--repo", "--repository", "--repository-file", "-p", "--password-file", "--password-command",
        "--key-file",
        "--recovery-kit", "--cache-dir", "--state-dir",
    ])

    /// Refuses options that contradict each other.
    func validate() throws {
        let keys = [
            ("--password-file", passwordFile != nil), ("--password-command", passwordCommand != nil),
            ("--key-file", keyFile != nil), ("--recovery-kit", recoveryKit != nil),
            ("--recovery-words", recoveryWords),
        ].filter(\.1).map(\.0)
        if keys.count > 1 {
            throw ValidationError("\(keys.joined(separator: " and ")) contradict each other: give one of them.")
        }
        if repository != nil, repositoryFile != nil {
            throw ValidationError("--repo and --repository-file contradict each other: give one of them.")
        }
        if quiet, verbose > 0 {
            throw ValidationError("--quiet and --verbose contradict each other: give one of them.")
        }
        if cacheDir != nil, noCache {
            throw ValidationError("--cache-dir and --no-cache contradict each other: give one of them.")
        }
    }
}
