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

    @Option(
        help: ArgumentHelp(
            "Try a request to remote storage that is away again for this time; 0 for not at all.",
            valueName: "duration"
        )
    )
    var retryFor = TimeSpan(seconds: 900)

    @Option(help: ArgumentHelp("Send at most so many KiB per second to remote storage.", valueName: "KiB/s"))
    var limitUpload: UInt32?

    @Option(help: ArgumentHelp("Fetch at most so many KiB per second from remote storage.", valueName: "KiB/s"))
    var limitDownload: UInt32?

    /// Refuses what means nothing.
    func validate() throws {
        if limitUpload == 0 || limitDownload == 0 {
            throw ValidationError("A limit of 0 KiB per second would let nothing through.")
        }
    }

    /// The options above that take a value, for those that stand before the command's name.
    static let namesWithValue: Set<String> = [
        "-o", "--option", "--stuck-request-timeout", "--retry-for", "--limit-upload", "--limit-download",
    ]
}
