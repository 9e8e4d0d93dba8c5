import Cryptography
import Records
import Repository
import Snapshots

/// What is said at the end of a backup.
struct BackupReport {
    /// What was done.
    var summary: BackupSummary
    /// What was asked for.
    var request: BackupRequest
    /// When it began and ended, ns.
    var started: Int64
    var ended: Int64

    /// Prints it.
    func print(_ output: Output) {
        if output.isJSON { output.report(record) } else { for line in lines(output) { output.report(line) } }
    }

    private var fileCount: UInt64 {
        summary.statistics.filesNew + summary.statistics.filesChanged + summary.statistics.filesUnmodified
    }

    private func lines(_ output: Output) -> [String] {
        let statistics = summary.statistics
        var lines: [String] = []
        if output.verbosity >= 0 {
            lines = [
                "",
                "Files:     \(statistics.filesNew) new, \(statistics.filesChanged) changed, "
                    + "\(statistics.filesUnmodified) unmodified",
                "Dirs:      \(summary.tally.directoriesNew) new, \(summary.tally.directoriesChanged) changed, "
                    + "\(summary.tally.directoriesUnmodified) unmodified",
                "Read:      \(Format.bytes(statistics.bytesRead))",
                "Added:     \(Format.bytes(statistics.bytesAdded)) (\(Format.bytes(statistics.bytesStored)) stored)",
                "",
                "processed \(Format.count(fileCount, "file")), \(Format.bytes(statistics.contentBytes)) in "
                    + Format.duration(seconds: Double(statistics.milliseconds) / 1000),
            ]
        }
        if statistics.failures > 0 {
            lines.append("\(Format.count(statistics.failures, "item")) could not be saved, as reported")
        }
        if let snapshot = summary.snapshot {
            lines.append("snapshot \(snapshot.hex.prefix(8)) saved")
        } else if request.isDryRun {
            lines.append("dry run: nothing was stored")
        } else {
            lines.append("nothing has changed: no snapshot was made")
        }
        return lines
    }

    /// Names as restic has them, where the meaning is the same.
    private var record: JSONValue {
        let statistics = summary.statistics
        var record: JSONValue = [
            "message_type": "summary", "dry_run": .boolean(request.isDryRun),
            "files_new": .unsigned(statistics.filesNew), "files_changed": .unsigned(statistics.filesChanged),
            "files_unmodified": .unsigned(statistics.filesUnmodified),
            "dirs_new": .unsigned(summary.tally.directoriesNew),
            "dirs_changed": .unsigned(summary.tally.directoriesChanged),
            "dirs_unmodified": .unsigned(summary.tally.directoriesUnmodified),
            "dirs": .unsigned(statistics.directories), "data_blobs": .unsigned(summary.tally.dataChunks),
            "tree_blobs": .unsigned(summary.tally.metadataChunks),
            "files_read": .unsigned(statistics.filesNew + statistics.filesChanged),
            "bytes_read": .unsigned(statistics.bytesRead), "data_added": .unsigned(statistics.bytesAdded),
            "data_added_packed": .unsigned(statistics.bytesStored), "pack_bytes": .unsigned(summary.packBytes),
            "total_files_processed": .unsigned(fileCount), "total_bytes_processed": .unsigned(statistics.contentBytes),
            "total_duration": .number(Double(statistics.milliseconds) / 1000),
            "errors": .unsigned(statistics.failures), "backup_start": .string(Moment.rfc3339(started)),
            "backup_end": .string(Moment.rfc3339(ended)), "dataset": .string(request.dataset),
            "skipped": .boolean(summary.isSkipped),
        ]
        record.add("parent", summary.parent.map { .string($0.hex) })
        record.add("snapshot_id", summary.snapshot.map { .string($0.hex) })
        return record
    }
}
