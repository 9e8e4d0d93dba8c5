import ArgumentParser
import Cryptography
import Records
import Repository
import Snapshots

/// Puts snapshots on hold.
struct HoldAddCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Put snapshots on hold.",
        discussion: """
            No rule, no id and nobody else's key forgets a snapshot on hold. Only an owner or a manager may; what an owner \
            put on hold, only an owner releases. The reason can be read by everybody who sees the storage.
            """
    )

    @Argument(help: ArgumentHelp("The snapshots, by id, latest or latest~N.", valueName: "snapshot"))
    var ids: [String]

    @Option(help: "Why; not encrypted.")
    var reason: String

    @Option(
        help: ArgumentHelp("When the hold ends by itself, such as 2027-01-01; by default never.", valueName: "time")
    )
    var until: String?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// A hold that nobody can explain is one that nobody dares to release.
    func validate() throws {
        if reason.isEmpty { throw ValidationError("Say by --reason why, so that somebody can release it one day.") }
    }

    func run(_ session: Session) throws -> ExitStatus {
        let until = try self.until.map { try Moment.parse($0, now: session.now) } ?? 0
        if self.until != nil, until <= session.now { throw UsageError("--until lies in the past") }
        let repository = try session.openRepository()
        let list = try session.loadSnapshots(repository)
        let snapshots = try ids.map { try list.named($0) }
        try SnapshotHolds(repository, list).add(snapshots, reason: reason, until: until)
        if session.output.isJSON {
            try session.output.record([
                "message_type": "summary", "snapshots": .array(snapshots.map { .string($0.id.hex) }),
                "reason": .string(reason),
            ])
        } else {
            for snapshot in snapshots { try session.output.line("snapshot \(snapshot.shortID) is on hold") }
        }
        return .success
    }
}
