import ArgumentParser
import Cryptography
import FileSystem
import Records
import Repository
import Snapshots

/// Lists snapshots.
struct SnapshotsCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshots",
        abstract: "List the snapshots, the oldest first.",
        discussion: "Times are shown in the local zone."
    )

    @Argument(help: ArgumentHelp("Only these snapshots, by id, latest or latest~N.", valueName: "snapshot"))
    var ids: [String] = []

    @OptionGroup var filter: SnapshotFilterOptions

    @Option(help: ArgumentHelp("Only the last so many of each host and dataset.", valueName: "n"))
    var latest: Int?

    @Option(
        help: ArgumentHelp("Only snapshots from this time on; a date stands for its first moment.", valueName: "time")
    )
    var after: String?

    @Option(help: ArgumentHelp("Only snapshots up to this time.", valueName: "time"))
    var before: String?

    @Flag(name: .shortAndLong, help: "One line for each snapshot, without paths.")
    var compact = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        var filter = try self.filter.filter()
        filter.after = try after.map { try Moment.parse($0, now: session.now) }
        filter.before = try before.map { try Moment.parse($0, now: session.now) }
        if let latest, latest < 1 { throw UsageError("--latest must be at least 1") }
        let repository = try session.openRepository()
        let list = try session.loadSnapshots(repository, allowsSealed: ids.isEmpty)
        var snapshots = try ids.isEmpty ? list.filtered(filter) : ids.map { try list.named($0, filter) }
        if let latest { snapshots = SnapshotsCommand.newest(latest, of: snapshots) }
        let output = session.output
        let sealed = ids.isEmpty && filter == SnapshotList.Filter() ? list.sealed : []
        if output.isJSON {
            for snapshot in snapshots { try output.record(snapshot.record) }
            for commit in sealed { try output.record(SnapshotsCommand.record(commit)) }
            try output.record([
                "message_type": "summary", "snapshots": .integer(Int64(snapshots.count)),
                "sealed": .integer(Int64(sealed.count)), "problems": .integer(Int64(list.problems.count)),
            ])
        } else if snapshots.isEmpty, !sealed.isEmpty {
            var table = Table(["ID", "Committed", "Member"])
            for commit in sealed {
                let member = repository.policy.member(commit.commit.signer)?.name ?? commit.commit.signer.hex
                table.add([String(commit.id.hex.prefix(8)), Moment.local(commit.commit.time), safeLine(member)])
            }
            for line in table.lines { try output.line(line) }
            try output.line("\(Format.count(sealed.count, "snapshot")), which this key may not read")
        } else {
            for line in SnapshotsCommand.table(snapshots, isCompact: compact).lines { try output.line(line) }
            let more = sealed.isEmpty ? "" : ", \(sealed.count) more that this key may not read"
            try output.line(Format.count(snapshots.count, "snapshot") + more)
        }
        return list.historyStatus
    }

    /// What anybody sees of a snapshot.
    private static func record(_ commit: VerifiedCommit) -> JSONValue {
        [
            "message_type": "sealed_snapshot", "id": .string(commit.id.hex),
            "short_id": .string(String(commit.id.hex.prefix(8))), "member": .string(commit.commit.signer.hex),
            "number": .unsigned(commit.commit.number), "committed": .string(Moment.rfc3339(commit.commit.time)),
        ]
    }

    private static func newest(_ count: Int, of snapshots: [Snapshot]) -> [Snapshot] {
        var seen: [[String]: Int] = [:]
        let kept = snapshots.reversed().filter { snapshot in
            let place = seen[[snapshot.details.host, snapshot.details.dataset], default: 0]
            seen[[snapshot.details.host, snapshot.details.dataset]] = place + 1
            return place < count
        }
        return kept.reversed()
    }

    private static func table(_ snapshots: [Snapshot], isCompact: Bool) -> Table {
        // By default a dataset is called by its paths: then a column of its own says nothing.
        func isNamed(_ snapshot: Snapshot) -> Bool {
            snapshot.details.dataset != snapshot.details.paths.map(printable).joined(separator: " ")
        }
        let showsDatasets = snapshots.contains(where: isNamed)
        let middle = isCompact ? [] : (showsDatasets ? ["Dataset"] : []) + ["Paths"]
        var table = Table(["ID", "Time", "Host", "Tags"] + middle + [">Size"])
        for snapshot in snapshots {
            let details = snapshot.details
            var cells = [
                [snapshot.shortID], [Moment.local(details.time)], [safeLine(details.host)],
                isCompact ? [details.tags.map(safeLine).joined(separator: ",")] : details.tags.map(safeLine),
            ]
            if showsDatasets, !isCompact { cells.append([isNamed(snapshot) ? safeLine(details.dataset) : ""]) }
            if !isCompact { cells.append(details.paths.map(printable)) }
            cells.append([Format.bytes(details.statistics.contentBytes) + (details.isIncomplete ? " (incomplete)" : "")]
            )
            table.add(cells)
        }
        return table
    }
}
