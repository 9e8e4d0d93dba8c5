import ArgumentParser
import ObjectStorage
import Parity
import Repository

/// Recovers what is damaged.
struct ParityRepairCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Recover damaged and lost objects by parity.",
        discussion: """
            Every protected object is read. One that is damaged, or missing though something needs it, is put back if its \
            bytes come out right: those that its name says, or that are signed and belong there.
            """
    )

    @Flag(name: [.customShort("n"), .long], help: "Change nothing; say what could be recovered.")
    var dryRun = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let report = try ParityWork(session, store: session.openStore()).repair(isDryRun: dryRun)
        try ParityReport(report: report, isDryRun: dryRun).print(session)
        return report.isGood ? .success : .integrityFailure
    }
}

/// Checks what parity protects.
struct ParityCheckCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Read all protected objects and their parity, and say what could be recovered.",
        discussion: """
            The exit status is 20 if anything is damaged or missing, recoverable or not, and 3 if all is whole but \
            something is not protected.
            """
    )

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let report = try ParityWork(session, store: session.openStore()).repair(isDryRun: true)
        try ParityReport(report: report, isDryRun: true).print(session)
        if !report.damaged.isEmpty || !report.damagedParity.isEmpty { return .integrityFailure }
        return report.unprotected.isEmpty ? .success : .partial
    }
}

/// What is said after objects were checked by parity.
private struct ParityReport {
    var report: ParityRepair.Report
    var isDryRun: Bool

    func print(_ session: Session) throws {
        let output = session.output
        let repaired = Set(report.repaired)
        for name in report.damaged {
            let outcome =
                repaired.contains(name) ? (isDryRun ? "it can be recovered" : "recovered") : "it cannot be recovered"
            output.warning("\(name) is damaged or missing: \(outcome)")
        }
        for (name, reason) in report.lost { output.problem("\(name) is lost: \(reason)") }
        for name in report.damagedParity {
            let isRepaired = report.repairedParity.contains(name)
            let outcome = isRepaired ? (isDryRun ? "it can be made anew" : "made anew") : "parity create makes another"
            output.warning("\(name) is damaged: \(outcome)")
        }
        guard !output.isJSON else { return try output.record(record(session)) }
        try output.line(
            "\(Format.count(report.protected, "object")) protected by \(Format.count(report.groups, "parity object")), "
                + "\(report.unprotected.count) not protected"
        )
        if report.removed > 0 {
            try output.line("\(Format.count(report.removed, "protected object")) removed since (parity create renews)")
        }
        let verb = isDryRun ? "can be recovered" : "recovered"
        try output.line(
            "\(report.damaged.count) damaged or missing, \(report.repaired.count) \(verb), \(report.lost.count) lost; "
                + "\(report.damagedParity.count) parity objects damaged"
        )
        if report.worst.lost > 0 {
            try output.line(
                "at worst \(report.worst.lost) blocks of a stripe were lost, of \(report.worst.of) that may be"
            )
        }
    }

    private func record(_ session: Session) -> JSONValue {
        [
            "message_type": "summary", "dry_run": .boolean(isDryRun), "parity_objects": .integer(Int64(report.groups)),
            "objects_protected": .integer(Int64(report.protected)),
            "objects_unprotected": .integer(Int64(report.unprotected.count)),
            "objects_removed": .integer(Int64(report.removed)),
            "damaged": .array(report.damaged.map { .string($0.path) }),
            "repaired": .array(report.repaired.map { .string($0.path) }),
            "lost": .array(report.lost.map { .string($0.name.path) }),
            "parity_damaged": .array(report.damagedParity.map { .string($0.path) }),
            "parity_repaired": .array(report.repairedParity.map { .string($0.path) }),
            "worst_stripe_lost": .integer(Int64(report.worst.lost)),
            "worst_stripe_limit": .integer(Int64(report.worst.of)),
            "seconds_elapsed": .number(session.elapsedSeconds),
        ]
    }
}
