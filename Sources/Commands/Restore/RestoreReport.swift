import Cryptography
import Repository
import Snapshots

/// What is said at the end of a restore.
struct RestoreReport {
    /// What was done.
    var summary: RestoreSummary
    /// What it was done from.
    var snapshot: Snapshot
    /// What was asked for.
    var options: RestoreOptions
    /// How long it took.
    var seconds: Double

    /// Prints it.
    func print(_ output: Output) {
        if output.isJSON { output.report(record) } else { for line in lines(output) { output.report(line) } }
    }

    private func lines(_ output: Output) -> [String] {
        var lines: [String] = []
        let verb = options.isDryRun ? "would restore" : "restored"
        lines.append(
            "\(verb) \(Format.count(summary.files, "file")) and "
                + "\(Format.count(summary.directories, "directory", "directories")), "
                + "\(Format.bytes(summary.bytesRestored)) in \(Format.duration(seconds: seconds))"
        )
        if summary.unchanged > 0 {
            lines.append(
                "\(Format.count(summary.unchanged, "file")) with \(Format.bytes(summary.bytesSkipped)) stayed as they were"
            )
        }
        if summary.deleted > 0 {
            lines.append("\(options.isDryRun ? "would remove" : "removed") \(Format.count(summary.deleted, "item"))")
        }
        if summary.skipped > 0 { lines.append("left out \(Format.count(summary.skipped, "device"))") }
        if options.verifiesAfter, !options.isDryRun {
            lines.append("read back and found right: \(Format.count(summary.verified, "entry", "entries"))")
        }
        if output.verbosity < 0 { lines = [] }
        if summary.failures > 0 {
            lines.append("\(Format.count(summary.failures, "item")) could not be restored, as reported")
        }
        if summary.lostEntries > 0 {
            lines.append(
                "lost with damaged pages: \(Format.count(summary.lostEntries, "entry", "entries")) with "
                    + Format.bytes(summary.lostBytes)
            )
        }
        if snapshot.details.isIncomplete {
            lines.append("the snapshot is incomplete: its backup could not read everything")
        }
        return lines
    }

    private var record: JSONValue {
        [
            "message_type": "summary", "snapshot_id": .string(snapshot.id.hex), "dry_run": .boolean(options.isDryRun),
            "total_entries": .unsigned(summary.entries), "total_files": .unsigned(summary.entries),
            "total_bytes": .unsigned(summary.bytesRestored + summary.bytesSkipped),
            "files_restored": .unsigned(summary.files),
            "directories": .unsigned(summary.directories), "bytes_restored": .unsigned(summary.bytesRestored),
            "files_unchanged": .unsigned(summary.unchanged), "bytes_skipped": .unsigned(summary.bytesSkipped),
            "files_deleted": .unsigned(summary.deleted), "files_skipped": .unsigned(summary.skipped),
            "errors": .unsigned(summary.failures), "integrity_errors": .unsigned(summary.integrityFailures),
            "entries_lost": .unsigned(summary.lostEntries), "bytes_lost": .unsigned(summary.lostBytes),
            "entries_verified": .unsigned(summary.verified), "seconds_elapsed": .number(seconds),
            "is_incomplete": .boolean(snapshot.details.isIncomplete),
        ]
    }
}
