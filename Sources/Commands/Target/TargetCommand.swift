import ArgumentParser

/// The commands on storage itself.
struct TargetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "target",
        abstract: "Find out about storage.",
        subcommands: [TargetTestCommand.self]
    )
}
