import ArgumentParser

/// The commands on domains.
struct DomainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "domain",
        abstract: "Keep the data of different people apart.",
        discussion: """
            Within a domain equal data is stored once, and whoever may write into it can tell whether something is there \
            already. Domains have keys of their own: readers and writers can be admitted to some of them.
            """,
        subcommands: [DomainAddCommand.self, DomainListCommand.self]
    )
}
