import ArgumentParser
import Cryptography
import Records
import Repository
import Snapshots

/// Forgets snapshots.
struct ForgetCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Forget snapshots, by rules or by their ids.",
        discussion: """
            Only an owner or a manager may. A signed record says what was forgotten, so that the gap in the history is no \
            alarm, and what is forgotten does not come back from another copy. The space is freed by prune.

            With rules, snapshots are grouped, and each group keeps what one of the rules keeps. Snapshots of writers count \
            by the time at which they arrived, not by the one that they claim, and a flood of them pushes nothing out.
            """
    )

    @Argument(help: ArgumentHelp("Forget these snapshots, by id, latest or latest~N.", valueName: "snapshot"))
    var ids: [String] = []

    @OptionGroup(title: "What is kept") var retention: RetentionOptions

    @Option(help: "Only snapshots of this host; may be given several times.")
    var host: [String] = []

    @Option(help: "Only snapshots of this dataset; may be given several times.")
    var dataset: [String] = []

    @Option(help: "Only snapshots that have all of these tags, joined by commas; may be given several times.")
    var tag: [String] = []

    @Option(help: "Only snapshots of this path; given several times, only those of all of them.")
    var path: [String] = []

    @Option(
        name: [.customShort("g"), .long],
        help: ArgumentHelp(
            "Apply the rules to each host, dataset, paths or tags, joined by commas.",
            valueName: "parts"
        )
    )
    var groupBy = "host,dataset"

    @Flag(name: [.customShort("n"), .long], help: "Forget nothing; say what would be forgotten, and why.")
    var dryRun = false

    @Flag(help: "Free the space of what was forgotten at once, as prune does.")
    var prune = false

    @Flag(name: [.customShort("c"), .long], help: "Say it shortly.")
    var compact = false

    @Flag(help: "Allow that a dataset loses its last complete snapshot, and that any share of all goes at once.")
    var unsafeAllowRemoveAll = false

    @Option(
        help: ArgumentHelp(
            "The share of all snapshots, per cent, above which rules are not carried out if more than 20 would go.",
            valueName: "percent"
        )
    )
    var maxRemove: Double = 50

    @Flag(help: "Forget although something is wrong with the history.")
    var despiteProblems = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// Refuses what contradicts itself, and rules that would keep nothing.
    func validate() throws {
        _ = try grouping()
        guard (0...100).contains(maxRemove) else { throw ValidationError("--max-remove is 0 to 100 per cent.") }
        if ids.isEmpty {
            guard !retention.rules.isEmpty else {
                throw ValidationError("Nothing says what is kept: give --keep-daily and the like, or ids to forget.")
            }
        } else if !retention.rules.isEmpty || !host.isEmpty || !dataset.isEmpty || !tag.isEmpty || !path.isEmpty {
            throw ValidationError("Ids are forgotten whatever rules and filters say: give one or the other.")
        }
    }

    func run(_ session: Session) throws -> ExitStatus {
        var request = ForgetRequest()
        request.rules = retention.rules
        request.grouping = try grouping()
        request.allowsRemovingAll = unsafeAllowRemoveAll
        request.greatestShare = maxRemove
        request.filter.hosts = host
        request.filter.datasets = dataset
        request.filter.tags = tag.map { $0.split(separator: ",").map(String.init) }
        request.filter.paths = try path.map { try absolutePath(RawArguments.bytes(of: $0)) }
        let repository = try session.openRepository()
        let forgetting = try Forgetting(repository, writesReceipts: !dryRun)
        session.report(forgetting.problems)
        request.named = try ids.map { try forgetting.list.named($0).id }
        let plan = forgetting.plan(request)
        for warning in plan.warnings { session.output.warning(warning) }
        let isDoubtful = forgetting.problems.contains { $0.isTampering }
        let report = ForgetReport(plan: plan, rules: retention.summary, isCompact: compact, isDryRun: dryRun)
        if plan.refusals.isEmpty, !isDoubtful || despiteProblems || dryRun {
            let status = try finish(session, forgetting, plan, report, isDoubtful: isDoubtful)
            guard prune, !dryRun, status == .success, !plan.removed.isEmpty else { return status }
            return try PruneCommand.prune(repository, PruneOptions(), session)
        }
        if dryRun { try report.print(session.output) }
        for refusal in plan.refusals { session.output.problem(refusal) }
        if isDoubtful, !despiteProblems {
            throw RepositoryError(
                .integrity,
                "nothing was forgotten, for something is wrong with the history: see to it first, or give --despite-problems"
            )
        }
        throw RepositoryError(
            .invalidRequest,
            "nothing was forgotten" + (plan.needsFlag ? "; --unsafe-allow-remove-all allows it" : "")
        )
    }

    private func finish(
        _ session: Session,
        _ forgetting: Forgetting,
        _ plan: ForgetPlan,
        _ report: ForgetReport,
        isDoubtful: Bool
    ) throws -> ExitStatus {
        try report.print(session.output)
        let result = try dryRun ? nil : forgetting.carryOut(plan)
        for failure in result?.failures ?? [] {
            session.output.problem("commit \(failure.object) is forgotten but could not be removed: \(failure.error)")
        }
        try report.printSummary(session.output, deleted: result?.deleted ?? 0, failures: result?.failures.count ?? 0)
        if isDoubtful { return .integrityFailure }
        return result?.failures.isEmpty ?? true ? .success : .partial
    }

    private func grouping() throws -> Set<SnapshotGrouping> {
        var grouping: Set<SnapshotGrouping> = []
        for name in groupBy.split(separator: ",") {
            guard
                let part = SnapshotGrouping(rawValue: name == "path" ? "paths" : name == "tag" ? "tags" : String(name))
            else {
                throw ValidationError("--group-by takes host, dataset, paths and tags, joined by commas, not \(name).")
            }
            grouping.insert(part)
        }
        return grouping
    }
}
