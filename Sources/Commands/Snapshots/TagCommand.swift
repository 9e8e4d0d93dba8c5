import ArgumentParser
import Cryptography
import Records
import Repository
import Snapshots

/// Changes the tags of snapshots.
struct TagCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag",
        abstract: "Change the tags of snapshots.",
        discussion: """
            Nothing stored is overwritten: the snapshot gets a new id, and its old id goes on to name it. Without ids all \
            snapshots that pass the filters are meant.
            """
    )

    @Argument(help: ArgumentHelp("The snapshots, by id, latest or latest~N.", valueName: "snapshot"))
    var ids: [String] = []

    @Option(help: "Tags to add, joined by commas; may be given several times.")
    var add: [String] = []

    @Option(help: "Tags to remove, joined by commas; may be given several times.")
    var remove: [String] = []

    @Option(help: "Tags that replace all others, joined by commas; an empty text removes all.")
    var set: [String] = []

    @OptionGroup(title: "Which snapshots are meant") var filter: SnapshotFilterOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// Refuses to do nothing, or two things at once.
    func validate() throws {
        if add.isEmpty, remove.isEmpty, set.isEmpty {
            throw ValidationError("Nothing to change: give --add, --remove or --set.")
        }
        if !set.isEmpty, !add.isEmpty || !remove.isEmpty {
            throw ValidationError("--set replaces all tags: it does not go with --add and --remove.")
        }
    }

    func run(_ session: Session) throws -> ExitStatus {
        let filter = try self.filter.filter()
        let repository = try session.openRepository()
        let list = try session.loadSnapshots(repository)
        let snapshots = try ids.isEmpty ? list.filtered(filter) : ids.map { try list.named($0, filter) }
        let change: TagChange = set.isEmpty ? .change(add: split(add), remove: split(remove)) : .set(split(set))
        let changed = try Tagging.apply(repository, snapshots, change)
        let output = session.output
        if output.isJSON {
            for snapshot in changed {
                try output.record([
                    "message_type": "changed", "old_snapshot_id": .string(snapshot.old.hex),
                    "new_snapshot_id": .string(snapshot.new.hex), "tags": .array(snapshot.tags.map { .string($0) }),
                ])
            }
            try output.record(["message_type": "summary", "changed_snapshots": .integer(Int64(changed.count))])
        } else {
            for snapshot in changed {
                try output.line("snapshot \(snapshot.old.hex.prefix(8)) is now \(snapshot.new.hex.prefix(8))")
            }
            try output.line("changed the tags of \(Format.count(changed.count, "snapshot"))")
        }
        return .success
    }

    private func split(_ texts: [String]) -> [String] { texts.flatMap { $0.split(separator: ",").map(String.init) } }
}
