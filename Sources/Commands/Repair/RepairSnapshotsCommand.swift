import ArgumentParser
import Cryptography
import FileSystem
import Records
import Repository
import Snapshots

/// Repairs snapshots.
struct RepairSnapshotsCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshots",
        abstract: "Make snapshots without what is lost, in the place of those that have lost it.",
        discussion: """
            Not needed to restore what is left: restore passes over what is lost. Files of which any part is lost are left \
            out; the new snapshot is marked as incomplete and says so in its description. Run check --read-data first, so \
            that this host knows which packs are damaged.
            """
    )

    @Argument(help: ArgumentHelp("The snapshots; all by default.", valueName: "snapshot"))
    var snapshots: [String] = []

    @Flag(help: "Forget the snapshots that have lost something.")
    var forget = false

    @Flag(name: [.customShort("n"), .long], help: "Write nothing; say what would be done.")
    var dryRun = false

    @OptionGroup(title: "Which snapshots") var filter: SnapshotFilterOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let repository = try session.openRepository()
        try repository.requireMaintenance(to: "replace snapshots")
        let list = try session.loadSnapshots(repository)
        let filter = try self.filter.filter()
        let chosen = try snapshots.isEmpty ? list.filtered(filter) : snapshots.map { try list.named($0, filter) }
        let repair = SnapshotRepair(repository, isDryRun: dryRun)
        var forgotten: [Snapshot] = []
        var repaired = 0
        var hopeless = 0
        for snapshot in chosen {
            session.output.note("looking at snapshot \(snapshot.shortID)")
            let outcome = try repair.repair(snapshot)
            guard !outcome.isWhole else { continue }
            if outcome.problem == nil { repaired += 1 } else { hopeless += 1 }
            if outcome.new != nil || outcome.problem != nil { forgotten.append(snapshot) }
            try tell(outcome, session.output)
        }
        if forget, !dryRun, !forgotten.isEmpty {
            let result = try Forgetting.forget(forgotten, in: repository)
            for (object, error) in result.failures {
                session.output.problem("\(object) could not be removed: \(error)")
            }
        }
        try summarize(session.output, chosen.count, repaired, hopeless, forget && !dryRun ? forgotten.count : 0)
        return hopeless > 0 && !forget ? .integrityFailure : list.historyStatus
    }

    private func summarize(_ output: Output, _ count: Int, _ repaired: Int, _ hopeless: Int, _ forgotten: Int) throws {
        guard output.isJSON else {
            let verb = dryRun ? "would be repaired" : "repaired"
            return try output.line(
                "\(Format.count(count, "snapshot")) looked at, \(repaired) \(verb), \(hopeless) of which nothing is left, "
                    + "\(forgotten) forgotten"
            )
        }
        try output.record([
            "message_type": "summary", "snapshots": .integer(Int64(count)), "repaired": .integer(Int64(repaired)),
            "hopeless": .integer(Int64(hopeless)), "forgotten": .integer(Int64(forgotten)), "dry_run": .boolean(dryRun),
        ])
    }

    private func tell(_ outcome: SnapshotRepair.Outcome, _ output: Output) throws {
        let losses = outcome.losses
        guard !output.isJSON else {
            var line: JSONValue = [
                "message_type": "repaired", "old_snapshot_id": .string(outcome.old.hex),
                "num_files": .integer(Int64(losses.files)),
                "paths": .array(losses.paths.map { .path(absolute($0)) }),
                "entries_lost": .unsigned(losses.lostEntries),
                "entries_without_attributes": .integer(Int64(outcome.withoutAttributes)),
            ]
            line.add("new_snapshot_id", outcome.new.map { .string($0.hex) })
            line.add("problem", outcome.problem.map { .string($0) })
            return try output.record(line)
        }
        let name = outcome.old.hex.prefix(8)
        if let problem = outcome.problem { return output.problem("of snapshot \(name) nothing is left: \(problem)") }
        try output.line(
            "snapshot \(name)\(outcome.new.map { " is replaced by \($0.hex.prefix(8))" } ?? ""): without "
                + "\(Format.count(losses.files, "file")) and \(losses.lostEntries) unknown entries"
        )
        for path in losses.paths.prefix(20) { try output.line("  " + printable(absolute(path))) }
        if losses.files > 20 { try output.line("  and \(losses.files - 20) others (--json names more)") }
        for place in losses.lostPlaces { try output.line("  " + place) }
    }
}
