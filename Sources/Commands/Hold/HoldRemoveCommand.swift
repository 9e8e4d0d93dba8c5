import ArgumentParser
import Cryptography
import Records
import Repository
import Snapshots

/// Releases snapshots.
struct HoldRemoveCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Release snapshots from all holds.",
        discussion: "The record of the release stays in the repository, as that of the hold does."
    )

    @Argument(help: ArgumentHelp("The snapshots, by id, latest or latest~N.", valueName: "snapshot"))
    var ids: [String]

    @Option(help: "Why; not encrypted.")
    var reason = ""

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let repository = try session.openRepository()
        let list = try session.loadSnapshots(repository)
        let snapshots = try ids.map { try list.named($0) }
        try SnapshotHolds(repository, list).release(snapshots, reason: reason)
        if session.output.isJSON {
            try session.output.record([
                "message_type": "summary", "snapshots": .array(snapshots.map { .string($0.id.hex) }),
            ])
        } else {
            for snapshot in snapshots { try session.output.line("snapshot \(snapshot.shortID) is released") }
        }
        return .success
    }
}
