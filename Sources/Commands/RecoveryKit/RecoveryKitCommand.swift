import ArgumentParser

/// The commands on recovery kits.
struct RecoveryKitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recovery-kit",
        abstract: "Make and try the page from which alone a new machine restores.",
        subcommands: [RecoveryKitCreateCommand.self, RecoveryKitVerifyCommand.self]
    )
}
