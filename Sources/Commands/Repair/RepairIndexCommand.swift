import ArgumentParser
import Cryptography
import Records
import Repository

/// Rebuilds the index.
struct RepairIndexCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Rebuild the index from the packs.",
        discussion: """
            The index is a cache: each pack describes itself. Every pack's own description is read and compared; index \
            fragments that are false or damaged are removed, packs that none describes are described anew. Backups may run \
            meanwhile.
            """
    )

    @Flag(name: [.customShort("n"), .long], help: "Write and remove nothing; say what would be done.")
    var dryRun = false

    @Flag(help: "Accepted for restic's sake: all packs are read in any case.")
    var readAllPacks = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let repository = try session.openRepository()
        let output = session.output
        let repair = IndexRepair(repository: repository, isDryRun: dryRun) { done, count in
            if output.showsStatusLine, done % 16 == 0 { output.status("reading pack \(done) of \(count)") }
        }
        let report = try repair.run()
        output.clearStatus()
        for (name, reason) in report.wrongFragments {
            output.warning("index fragment \(name.hex) is wrong: \(reason)")
        }
        for (name, reason) in report.notRemoved {
            output.problem("index fragment \(name.hex) could not be removed: \(reason)")
        }
        for (pack, reason) in report.damagedPacks { output.problem("pack \(pack.name.hex): \(reason)") }
        try print(report, session)
        if !report.damagedPacks.isEmpty { return .integrityFailure }
        return report.notRemoved.isEmpty ? .success : .partial
    }

    private func print(_ report: IndexRepair.Report, _ session: Session) throws {
        let output = session.output
        guard !output.isJSON else {
            return try output.record([
                "message_type": "summary", "dry_run": .boolean(dryRun), "packs": .integer(Int64(report.packs)),
                "packs_indexed": .integer(Int64(report.packsIndexed)),
                "packs_damaged": .array(report.damagedPacks.map { .string($0.pack.name.hex) }),
                "packs_sealed": .integer(Int64(report.sealedPacks)),
                "fragments_right": .integer(Int64(report.rightFragments)),
                "fragments_wrong": .array(report.wrongFragments.map { .string($0.name.hex) }),
                "fragments_not_removed": .array(report.notRemoved.map { .string($0.name.hex) }),
                "fragments_new": .integer(Int64(report.newFragments)),
                "seconds_elapsed": .number(session.elapsedSeconds),
            ])
        }
        let verb = dryRun ? "would be " : ""
        try output.line(
            "\(Format.count(report.packs, "pack")), \(Format.count(report.rightFragments, "index fragment")) right, "
                + "\(report.wrongFragments.count) wrong\(report.wrongFragments.isEmpty ? "" : " and \(verb)removed")"
        )
        if report.packsIndexed > 0 {
            try output.line(
                "\(Format.count(report.packsIndexed, "pack")) \(verb)described anew in "
                    + Format.count(report.newFragments, "fragment")
            )
        }
        if report.sealedPacks > 0 {
            try output.line("\(Format.count(report.sealedPacks, "pack")) of other epochs or domains were left alone")
        }
    }
}
