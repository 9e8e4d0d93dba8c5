import ArgumentParser

/// The options for repositories that are reached through a network.
struct RemoteStorageOptions: ParsableArguments {
    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp(
            "A setting for one kind of storage: sftp.command, sftp.args, rclone.program, rclone.args; may be repeated.",
            valueName: "key=value"
        )
    )
    var option: [String] = []

    @Option(
        help: ArgumentHelp(
            "Give a request to remote storage up after this time without an answer, such as 90s or 5m.",
            valueName: "duration"
        )
    )
    var stuckRequestTimeout = TimeSpan(seconds: 300)

    /// The options above that take a value, for those that stand before the command's name.
    static let namesWithValue: Set<String> = ["-o", "--option", "--stuck-request-timeout"]
}
