import ArgumentParser

/// The commands on keys.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Add, list, change and remove the passwords and key files of owners; rotate keys.",
        discussion: """
            Changing or removing a key keeps out whoever has not used it yet. It is no revocation: what somebody has read \
            with a key, including the repository's own secrets, cannot be taken back. Other people and servers get keys of \
            their own: see holdfast member.
            """,
        subcommands: [
            KeyAddCommand.self, KeyListCommand.self, KeyRemoveCommand.self, KeyPasswordCommand.self,
            KeyRotateCommand.self,
        ]
    )
}
