import Cryptography
import FileSystem
import Records
import Repository
import Snapshots

/// Says which snapshots stay and go, and why.
struct ForgetReport {
    /// What is done.
    var plan: ForgetPlan
    /// The rules in words.
    var rules: String
    /// Whether lines stay short.
    var isCompact: Bool
    /// Whether nothing is done.
    var isDryRun: Bool

    /// Prints all snapshots with their reasons.
    func print(_ output: Output) throws {
        if output.isJSON {
            for group in plan.groups { for judged in group.snapshots { try output.record(record(judged, group)) } }
            return
        }
        if !rules.isEmpty { output.note("keeping \(rules)") }
        for group in plan.groups where !group.snapshots.isEmpty {
            let name = group.key.sorted { $0.key.rawValue < $1.key.rawValue }
                .map { "\($0.key.rawValue) \($0.value.map(safeLine).joined(separator: " "))" }.joined(separator: ", ")
            try output.line(name.isEmpty ? "snapshots:" : "snapshots of \(name):")
            try print(group.snapshots.filter(\.verdict.isKept), isDryRun ? "would keep" : "keeping", output)
            try print(group.snapshots.filter { !$0.verdict.isKept }, isDryRun ? "would forget" : "forgetting", output)
        }
    }

    /// Prints what was done.
    func printSummary(_ output: Output, deleted: Int, failures: Int) throws {
        let (removed, kept) = (plan.removed.count, plan.kept.count)
        if output.isJSON {
            try output.record([
                "message_type": "summary", "snapshots_kept": .integer(Int64(kept)),
                "snapshots_removed": .integer(Int64(removed)), "commits_deleted": .integer(Int64(deleted)),
                "errors": .integer(Int64(failures)), "dry_run": .boolean(isDryRun),
            ])
        } else {
            try output.line(
                (isDryRun ? "would forget " : "forgot ") + Format.count(removed, "snapshot")
                    + ", \(kept) of those looked at "
                    + (isDryRun ? "would stay" : "stay")
            )
        }
    }

    private func print(_ snapshots: [JudgedSnapshot], _ heading: String, _ output: Output) throws {
        guard !snapshots.isEmpty else { return }
        try output.line("\(heading) \(Format.count(snapshots.count, "snapshot")):")
        var table = Table(
            isCompact ? ["ID", "Time", "Host", "Tags"] : ["ID", "Time", "Host", "Tags", "Reasons", "Paths"]
        )
        for judged in snapshots {
            let details = judged.snapshot.details
            var cells = [
                [judged.snapshot.shortID], [Moment.local(judged.time)], [safeLine(details.host)],
                details.tags.map(safeLine),
            ]
            if !isCompact { cells += [judged.verdict.reasons.map(safeLine), details.paths.map(printable)] }
            table.add(cells)
        }
        for line in table.lines { try output.line(line) }
    }

    private func record(_ judged: JudgedSnapshot, _ group: JudgedGroup) -> JSONValue {
        var record = judged.snapshot.record
        record.add("action", .string(judged.verdict.isKept ? "keep" : "remove"))
        record.add("reasons", .array(judged.verdict.reasons.map { .string($0) }))
        record.add("effective_time", .string(Moment.rfc3339(judged.time)))
        return record
    }
}
