import ArgumentParser
import Cryptography
import ObjectStorage
import Records
import Repository

/// Tries a kit on the repository, as a new machine would.
struct RecoveryKitVerifyCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Make sure that a recovery kit opens the repository.",
        discussion: """
            Without a file the words are asked for on the terminal: typing them from the printed page shows that the page \
            can be read. No other key is used.
            """
    )

    @Argument(help: ArgumentHelp("The kit, or a file of its words.", valueName: "file"))
    var file: String?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let store = try session.openStore()
        let id = try Repository.readFormat(store).repository
        let kit = try (file ?? global.recoveryKit).map { try RecoveryKit(file: $0) } ?? RecoveryKit.ask()
        let repository = try Repository.open(
            store: store,
            credential: .recovery(kit.secret),
            environment: try session.environment(for: id)
        )
        try kit.vouch(for: repository)
        let log = try CommitLog.load(repository)
        session.report(log.problems)
        let owner = try MemberID(of: repository.keyring.rootOwner)
        if session.output.isJSON {
            try session.output.record([
                "message_type": "summary", "repository_id": .string(id.hex), "owner": .string(owner.hex),
                "is_whole_kit": .boolean(kit.repository != nil), "snapshots": .integer(Int64(log.commits.count)),
            ])
        } else {
            try session.output.line("the kit opens repository \(id.hex.prefix(16)) at \(store.location)")
            try session.output.line("owner \(owner.hex), \(Format.count(log.commits.count, "commit"))")
            if kit.repository == nil {
                try session.output.line(
                    "only the words were tried; compare repository id and owner with the printed page"
                )
            }
        }
        return ExitStatus(history: log.problems)
    }
}
