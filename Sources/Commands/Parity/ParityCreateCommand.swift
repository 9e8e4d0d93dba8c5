import ArgumentParser
import ObjectStorage
import Parity
import Repository

/// Makes parity.
struct ParityCreateCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make parity for all that has none.",
        discussion: """
            Packs are protected in groups; each group survives the loss of any one of its packs, however many per cent were \
            asked for. Parity whose objects were pruned is replaced. Backups may run meanwhile.
            """
    )

    @Option(
        help: ArgumentHelp(
            "How much parity of data, at least: 1 to 100 per cent. By default as before, or 5. (HOLDFAST_PARITY)",
            valueName: "percent"
        )
    )
    var parity: ParityPercent?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let store = try session.openStore()
        let percent = try session.parityPercent(parity, store: store) ?? 5
        guard percent > 0 else { throw UsageError("0 per cent is no parity: give 1 to 100") }
        let work = ParityWork(session, store: store)
        let report = try work.create(percent: percent)
        let status = work.tellProblems(report)
        let output = session.output
        if output.isJSON {
            try output.record([
                "message_type": "summary", "percent": .integer(Int64(percent)),
                "objects_protected": .integer(Int64(report.protected)),
                "bytes_protected": .unsigned(report.protectedBytes), "parity_made": .integer(Int64(report.made)),
                "parity_bytes_made": .unsigned(report.madeBytes), "parity_removed": .integer(Int64(report.removed)),
                "objects_damaged": .array(report.damaged.map { .string($0.path) }),
                "objects_missing": .array(report.lost.map { .string($0.path) }),
                "objects_too_long": .array(report.tooLong.map { .string($0.path) }),
                "seconds_elapsed": .number(session.elapsedSeconds),
            ])
        } else {
            try output.line(
                "\(Format.count(report.protected, "object")) with \(Format.bytes(report.protectedBytes)) protected"
            )
            try output.line(
                "made \(Format.count(report.made, "parity object")) with \(Format.bytes(report.madeBytes)), removed "
                    + "\(report.removed), in \(Format.duration(seconds: session.elapsedSeconds))"
            )
        }
        return status
    }
}

extension Session {
    /// How many per cent of parity are to be kept up: by option, environment, or what the repository has; nil if none.
    func parityPercent(_ option: ParityPercent?, store: any ObjectStore) throws -> Int? {
        if let option { return option.value }
        if let text = variables.nonEmpty("HOLDFAST_PARITY") {
            guard let percent = ParityPercent(argument: text) else {
                throw UsageError("HOLDFAST_PARITY is neither a number of per cent nor off: \(text)")
            }
            return percent.value
        }
        return try ParityCreation.percent(in: store)
    }
}
