import ArgumentParser
import Cryptography
import Records
import Repository
import Snapshots

/// Lists snapshots on hold.
struct HoldListCommand: SessionCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the snapshots on hold.")

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let repository = try session.openRepository()
        let list = try session.loadSnapshots(repository)
        let holds = SnapshotHolds(repository, list).all(now: session.now)
        let output = session.output
        if output.isJSON {
            for held in holds { try output.record(record(held)) }
            try output.record(["message_type": "summary", "holds": .integer(Int64(holds.count))])
        } else {
            var table = Table(["ID", "Snapshot of", "Held since", "Until", "By", "Reason"])
            for held in holds {
                table.add([
                    held.snapshot.shortID, Moment.local(held.snapshot.details.time), Moment.local(held.hold.time),
                    held.hold.until == 0 ? "released" : Moment.local(held.hold.until),
                    safeLine(repository.policies.name(of: held.hold.member) ?? ""), safeLine(held.hold.reason),
                ])
            }
            for line in table.lines { try output.line(line) }
            try output.line(Format.count(holds.count, "hold"))
        }
        return list.historyStatus
    }

    private func record(_ held: SnapshotHolds.Held) -> JSONValue {
        var record: JSONValue = [
            "message_type": "hold", "snapshot_id": .string(held.snapshot.id.hex),
            "snapshot_time": .string(Moment.rfc3339(held.snapshot.details.time)),
            "since": .string(Moment.rfc3339(held.hold.time)), "member": .string(held.hold.member.hex),
            "by_owner": .boolean(held.hold.isOwners), "reason": .string(held.hold.reason),
        ]
        if held.hold.until != 0 { record.add("until", .string(Moment.rfc3339(held.hold.until))) }
        return record
    }
}
