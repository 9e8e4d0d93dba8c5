import Snapshots

/// What is said at the end of a check.
struct CheckReport {
    /// What was looked at and found.
    var summary: CheckSummary
    /// What was asked for.
    var options: CheckOptions
    /// How long it took.
    var seconds: Double

    /// Prints it.
    func print(_ output: Output) {
        if output.isJSON { output.report(record) } else { for line in lines(output) { output.report(line) } }
    }

    private func lines(_ output: Output) -> [String] {
        var lines: [String] = []
        if output.verbosity >= 0 {
            lines.append(
                "\(Format.count(summary.snapshots, "snapshot")) with \(Format.count(summary.entries, "entry", "entries")), "
                    + "\(Format.count(summary.packs, "pack")) with \(Format.bytes(summary.packBytes)) in "
                    + Format.duration(seconds: seconds)
            )
            if options.readData != .none {
                lines.append(
                    "read \(Format.count(summary.packsRead, "pack")) with \(Format.bytes(summary.bytesRead)), "
                        + Format.count(summary.chunksRead, "chunk")
                )
            }
            if summary.packsAttested > 0 {
                lines.append("attested \(Format.count(summary.packsAttested, "pack")) for other writers")
            }
            if let never = summary.packsNeverRead, never > 0, options.readData != .none {
                lines.append("\(Format.count(never, "pack")) not read yet by any check of this host")
            }
            if summary.unreferencedPacks > 0 {
                lines.append(
                    "\(Format.count(summary.unreferencedPacks, "pack")) with "
                        + "\(Format.bytes(summary.unreferencedPackBytes)) that no snapshot needs"
                )
            }
        }
        if summary.damagedSnapshots > 0 {
            lines.append(
                "\(Format.count(summary.damagedSnapshots, "snapshot")) damaged: "
                    + "\(Format.count(summary.damagedFiles, "file")) that cannot be restored whole, "
                    + "\(Format.count(summary.lostEntries, "entry", "entries")) lost"
            )
        }
        lines.append(
            summary.isGood
                ? "no errors were found"
                    + (summary.warnings > 0 ? ", \(Format.count(summary.warnings, "warning"))" : "")
                : "\(Format.count(summary.errors, "error")) found, \(Format.count(summary.warnings, "warning"))"
        )
        return lines
    }

    private var record: JSONValue {
        var record: JSONValue = [
            "message_type": "summary", "num_errors": .integer(Int64(summary.errors)),
            "num_warnings": .integer(Int64(summary.warnings)), "objects": .integer(Int64(summary.objects)),
            "object_bytes": .unsigned(summary.objectBytes), "commits": .integer(Int64(summary.commits)),
            "snapshots": .integer(Int64(summary.snapshots)), "entries": .unsigned(summary.entries),
            "packs": .integer(Int64(summary.packs)), "pack_bytes": .unsigned(summary.packBytes),
            "packs_unreferenced": .integer(Int64(summary.unreferencedPacks)),
            "packs_unreferenced_bytes": .unsigned(summary.unreferencedPackBytes),
            "packs_without_index": .integer(Int64(summary.packsWithoutIndex)),
            "snapshots_damaged": .integer(Int64(summary.damagedSnapshots)),
            "files_damaged": .integer(Int64(summary.damagedFiles)), "entries_lost": .unsigned(summary.lostEntries),
            "packs_read": .integer(Int64(summary.packsRead)), "bytes_read": .unsigned(summary.bytesRead),
            "packs_attested": .integer(Int64(summary.packsAttested)),
            "chunks_read": .integer(Int64(summary.chunksRead)), "seconds_elapsed": .number(seconds),
        ]
        record.add("packs_never_read", summary.packsNeverRead.map { .integer(Int64($0)) })
        return record
    }
}
