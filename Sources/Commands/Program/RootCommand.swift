import ArgumentParser

/// The command above all others.
struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfast",
        abstract: "Encrypted, deduplicated, signed backups that can be trusted.",
        discussion: """
            A repository is made by init and opened by a password, a key file or the words of a recovery kit. Which \
            repository and which key is said by options or by the environment, so that scripts need no typing; secrets \
            never stand on a command line. holdfast demo shows the whole way on made-up data.
            """,
        version: ProgramVersion.text,
        groupedSubcommands: [
            CommandGroup(
                name: "Backups:",
                subcommands: [
                    InitCommand.self, BackupCommand.self, SnapshotsCommand.self, TagCommand.self, ForgetCommand.self,
                    HoldCommand.self, RewriteCommand.self, CopyCommand.self, PruneCommand.self, StatsCommand.self,
                    CheckCommand.self,
                ]
            ),
            CommandGroup(
                name: "Restores:",
                subcommands: [
                    RestoreCommand.self, ListCommand.self, FindCommand.self, DiffCommand.self, CatCommand.self,
                    DumpCommand.self,
                ]
            ),
            CommandGroup(name: "Repair:", subcommands: [RepairCommand.self, ParityCommand.self]),
            CommandGroup(
                name: "Keys and members:",
                subcommands: [KeyCommand.self, RecoveryKitCommand.self, MemberCommand.self, DomainCommand.self]
            ),
            CommandGroup(
                name: "The program:",
                subcommands: [
                    DemoCommand.self, ObjectListCommand.self, CacheCommand.self, TargetCommand.self,
                    BenchmarkCommand.self, CompletionsCommand.self, VersionCommand.self,
                    GenerateReferenceCommand.self,
                ]
            ),
        ]
    )
}
