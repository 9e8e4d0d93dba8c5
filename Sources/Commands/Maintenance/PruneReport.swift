import Records
import Snapshots
import Synchronization

/// Passes a prune's course on to the user.
final class PruneReporter: PruneObserver {
    private let output: Output
    private let told = Mutex<Set<RunReference>>([])

    init(_ output: Output) { self.output = output }

    func begins(_ phase: PrunePhase) {
        let text =
            switch phase {
            case .snapshots: "finding out what the snapshots need"
            case .packs: "finding out what is unused"
            case .repack: "writing packs anew"
            case .waiting: "waiting for runs that began earlier"
            case .deletion: "deleting"
            }
        output.note(text)
    }

    func warning(_ message: String) { output.warning(message) }

    func waits(for runs: [RunReference]) {
        let new = told.withLock { told in runs.filter { told.insert($0).inserted } }
        for run in new {
            guard output.isJSON else {
                output.note("waiting for \(run): until it ends, or stands still for the time of its lease")
                continue
            }
            output.report([
                "message_type": "waiting", "member": .string(run.member.hex), "run": .string(run.run.hex),
            ])
        }
    }
}

/// What is said at the end of a prune.
struct PruneReport {
    /// What was done.
    var summary: PruneSummary
    /// Whether it would only be done.
    var isDryRun: Bool
    /// How long it took.
    var seconds: Double

    /// Prints it.
    func print(_ output: Output) {
        guard !output.isJSON else { return output.report(record) }
        for line in lines(output) { output.report(line) }
    }

    private func lines(_ output: Output) -> [String] {
        let would = isDryRun ? "would be " : ""
        var lines: [String] = []
        if output.verbosity >= 0 {
            lines.append(
                "\(Format.count(summary.snapshots, "snapshot")), \(Format.count(summary.packs, "pack")) with "
                    + "\(Format.bytes(summary.packBytes)), of which \(Format.bytes(summary.unusedBytes)) were unused"
            )
            if summary.packsRepacked > 0 {
                lines.append(
                    "\(Format.count(summary.packsRepacked, "pack")) with \(Format.bytes(summary.bytesRepacked)) "
                        + "\(would)written anew as \(Format.bytes(summary.bytesWritten))"
                )
            }
            lines.append(
                "\(Format.count(summary.packsDeleted, "pack")) with \(Format.bytes(summary.bytesDeleted)) \(would)deleted"
            )
            if summary.packsTakenBack > 0 {
                lines.append("\(Format.count(summary.packsTakenBack, "pack")) stay: a backup needed them meanwhile")
            }
            if summary.runsHeldForDead > 0 {
                lines.append("\(Format.count(summary.runsHeldForDead, "run")) that stood still given up")
            }
            if summary.packsProtected > 0 {
                lines.append(
                    "\(Format.count(summary.packsProtected, "pack")) with \(Format.bytes(summary.bytesProtected)) kept "
                        + "for backups that are running or were interrupted"
                )
            }
            if summary.unusedRemaining > 0 {
                lines.append(
                    "\(Format.bytes(summary.unusedRemaining)) of unused space stay in packs that are used"
                        + (summary.unusedUnreadable > 0
                            ? ", \(Format.bytes(summary.unusedUnreadable)) of it since this key cannot read them" : "")
                )
            }
        }
        if summary.packsDamaged > 0 {
            lines.append("\(Format.count(summary.packsDamaged, "damaged pack")) left as they are: run holdfast check")
        }
        lines.append("\(Format.bytes(summary.bytesFreed)) \(would)freed")
        return lines
    }

    private var record: JSONValue {
        [
            "message_type": "summary", "dry_run": .boolean(isDryRun), "snapshots": .integer(Int64(summary.snapshots)),
            "packs": .integer(Int64(summary.packs)), "pack_bytes": .unsigned(summary.packBytes),
            "bytes_unused": .unsigned(summary.unusedBytes), "packs_deleted": .integer(Int64(summary.packsDeleted)),
            "bytes_deleted": .unsigned(summary.bytesDeleted), "packs_repacked": .integer(Int64(summary.packsRepacked)),
            "bytes_repacked": .unsigned(summary.bytesRepacked), "bytes_written": .unsigned(summary.bytesWritten),
            "bytes_freed": .unsigned(summary.bytesFreed),
            "index_fragments_deleted": .integer(Int64(summary.fragmentsDeleted)),
            "pack_lists_deleted": .integer(Int64(summary.listsDeleted)),
            "packs_taken_back": .integer(Int64(summary.packsTakenBack)),
            "runs_held_for_dead": .integer(Int64(summary.runsHeldForDead)),
            "bytes_unused_remaining": .unsigned(summary.unusedRemaining),
            "bytes_unused_unreadable": .unsigned(summary.unusedUnreadable),
            "packs_protected": .integer(Int64(summary.packsProtected)),
            "bytes_protected": .unsigned(summary.bytesProtected),
            "packs_damaged": .integer(Int64(summary.packsDamaged)), "seconds_elapsed": .number(seconds),
        ]
    }
}
