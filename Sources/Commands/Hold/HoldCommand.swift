import ArgumentParser

/// The commands about holds.
struct HoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Put snapshots on hold, so that nobody forgets them.",
        subcommands: [HoldAddCommand.self, HoldListCommand.self, HoldRemoveCommand.self]
    )
}
