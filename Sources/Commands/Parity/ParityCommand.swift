import ArgumentParser

/// The commands on parity.
struct ParityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parity",
        abstract: "Protect the repository against bit rot and lost files by parity.",
        discussion: """
            Parity lets damaged and lost objects be recovered without a second copy: some lost sectors anywhere, or any one \
            pack of a group. It is no substitute for a copy elsewhere. None of these commands needs a key. Once there is \
            parity, backup keeps it up by itself.
            """,
        subcommands: [ParityCreateCommand.self, ParityCheckCommand.self, ParityRepairCommand.self]
    )
}
