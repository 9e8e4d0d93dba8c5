import ArgumentParser

/// The commands that mend what is damaged.
struct RepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Mend a damaged repository.",
        discussion: """
            Run check first: it says what is damaged. Before anything else copy a repository whose disk fails to another \
            one. Operations.md has the steps in their order.
            """,
        subcommands: [RepairIndexCommand.self, RepairPacksCommand.self, RepairSnapshotsCommand.self]
    )
}
