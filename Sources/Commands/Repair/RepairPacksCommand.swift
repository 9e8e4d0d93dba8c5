import ArgumentParser
import Cryptography
import ObjectStorage
import Records
import Repository

/// Salvages packs.
struct RepairPacksCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "packs",
        abstract: "Take the intact chunks of damaged packs into new packs, and remove the damaged ones.",
        discussion: """
            check --read-data names damaged packs. Try parity repair first, and look for the pack in another copy of the \
            repository: what does not come out of it here is given up. A pack that is whole is left alone.
            """
    )

    @Argument(help: ArgumentHelp("The packs' names, or as many digits as no other has.", valueName: "pack"))
    var packs: [String]

    @Flag(name: [.customShort("n"), .long], help: "Write and remove nothing; say what would be done.")
    var dryRun = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let repository = try session.openRepository()
        let chosen = try choose(try repository.listPacks())
        var lost = 0
        var isComplete = true
        try PackSalvage.run(repository, packs: chosen, isDryRun: dryRun) { outcome in
            lost += outcome.lost.count
            if outcome.problem != nil { isComplete = false }
            try tell(outcome, session.output)
        }
        if session.output.isJSON {
            try session.output.record([
                "message_type": "summary", "packs": .integer(Int64(chosen.count)), "chunks_lost": .integer(Int64(lost)),
                "dry_run": .boolean(dryRun),
            ])
        }
        return lost > 0 ? .integrityFailure : isComplete ? .success : .partial
    }

    private func choose(_ present: [ObjectHash: UInt64]) throws -> [PackReference] {
        try packs.map { text in
            let digits = text.lowercased()
            let found = present.filter { $0.key.hex.hasPrefix(digits) }
            guard digits.utf8.count >= 4, found.count == 1, let pack = found.first else {
                throw RepositoryError(
                    .invalidRequest,
                    "\(safeLine(text)) names \(found.count) packs: give four digits or more of one that is there"
                )
            }
            return PackReference(name: pack.key, byteCount: pack.value)
        }
    }

    private func tell(_ outcome: PackSalvage.Outcome, _ output: Output) throws {
        guard !output.isJSON else {
            var line: JSONValue = [
                "message_type": "pack", "pack": .string(outcome.pack.name.hex), "whole": .boolean(outcome.isWhole),
                "chunks_stored": .integer(Int64(outcome.stored)), "chunks_known": .integer(Int64(outcome.known)),
                "chunks_lost": .integer(Int64(outcome.lost.count)), "removed": .boolean(outcome.isRemoved),
            ]
            line.add("problem", outcome.problem.map { .string($0) })
            return try output.record(line)
        }
        let name = outcome.pack.name.hex.prefix(16)
        guard !outcome.isWhole else { return try output.line("pack \(name) is whole and stays as it is") }
        let verb = dryRun ? "would be " : ""
        try output.line(
            "pack \(name): \(Format.count(outcome.stored, "chunk")) \(verb)stored anew, \(outcome.known) stored elsewhere, "
                + "\(outcome.lost.count) lost\(outcome.isRemoved ? "; removed" : "")"
        )
        if let problem = outcome.problem { output.problem("pack \(name) stays: \(problem)") }
    }
}
