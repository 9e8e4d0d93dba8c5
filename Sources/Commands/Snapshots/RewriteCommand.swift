import ArgumentParser
import Cryptography
import FileSystem
import Records
import Repository
import Snapshots

/// Makes snapshots anew without some of their paths.
struct RewriteCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "rewrite",
        abstract: "Leave paths out of snapshots that exist, or change their host or time.",
        discussion: """
            Each snapshot gets a new id, under which it is listed; its old id goes on to name it. What was left out stays \
            stored until the old commit is forgotten (--forget) and its space freed by a prune. Only an owner or a manager \
            may. Without ids all snapshots that pass the filters are meant.
            """
    )

    @Argument(help: ArgumentHelp("The snapshots, by id, latest or latest~N.", valueName: "snapshot"))
    var ids: [String] = []

    @OptionGroup(title: "What is left out") var excludes: ExcludeOptions

    @Option(help: ArgumentHelp("Another host's name.", valueName: "host"))
    var newHost: String?

    @Option(help: ArgumentHelp("Another time.", valueName: "time"))
    var newTime: String?

    @Flag(help: "Forget the old commits, so that a prune frees what was left out.")
    var forget = false

    @Flag(name: [.customShort("n"), .long], help: "Change nothing; say what would be changed.")
    var dryRun = false

    @OptionGroup(title: "Which snapshots are meant") var filter: SnapshotFilterOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// Refuses to do nothing.
    func validate() throws {
        if excludes.isEmpty, newHost == nil, newTime == nil {
            throw ValidationError("Nothing to change: give --exclude, --new-host or --new-time.")
        }
    }

    func run(_ session: Session) throws -> ExitStatus {
        let lists = try excludes.lists()
        var request = RewriteRequest()
        request.excludes = { isExcluded($0, isDirectory: $1, by: lists) }
        request.patterns = (lists.exact.patterns + lists.folded.patterns).map(\.source)
        request.host = newHost
        request.time = try newTime.map { try Moment.parse($0, now: session.now) }
        request.isDryRun = dryRun
        let filter = try self.filter.filter()
        let repository = try session.openRepository()
        try repository.requireMaintenance(to: "rewrite snapshots")
        let forgetting = try Forgetting(repository, writesReceipts: !dryRun)
        let list = forgetting.list
        session.report(forgetting.problems)
        if forget, forgetting.problems.contains(where: \.isTampering) {
            throw RepositoryError(
                .integrity,
                "nothing was changed, for something is wrong with the history: see to it first"
            )
        }
        let snapshots = try ids.isEmpty ? list.filtered(filter) : ids.map { try list.named($0, filter) }
        if forget { try requireForgettable(snapshots, forgetting) }
        var log = list.log
        var changed: [(Snapshot, RewriteResult)] = []
        for snapshot in snapshots {
            try session.checkCancellation()
            let result = try Rewriting.rewrite(snapshot, in: repository, log: &log, request)
            try report(snapshot, result, session.output)
            if result.isChanged { changed.append((snapshot, result)) }
        }
        var failures = 0
        if forget, !dryRun, !changed.isEmpty {
            let forgotten = try forgetting.forget(replaced: changed.map(\.0))
            failures = forgotten.failures.count
            for failure in forgotten.failures {
                session.output.problem(
                    "commit \(failure.object) is forgotten but could not be removed: \(failure.error)"
                )
            }
        }
        try summarize(changed.map(\.1), session.output)
        return failures > 0 ? .partial : .success
    }

    /// Holds and the policy's limits protect the old commits as well.
    private func requireForgettable(_ snapshots: [Snapshot], _ forgetting: Forgetting) throws {
        var request = ForgetRequest()
        request.named = snapshots.map(\.id)
        request.allowsRemovingAll = true
        guard let refusal = forgetting.plan(request).refusals.first, !request.named.isEmpty else { return }
        throw RepositoryError(.invalidRequest, "nothing was changed: \(refusal)")
    }

    private func report(_ snapshot: Snapshot, _ result: RewriteResult, _ output: Output) throws {
        if output.isJSON {
            guard result.isChanged else { return }
            var record: JSONValue = [
                "message_type": "changed", "old_snapshot_id": .string(result.old.hex),
                "removed_entries": .unsigned(result.removedEntries), "removed_bytes": .unsigned(result.removedBytes),
            ]
            record.add("new_snapshot_id", result.new.map { .string($0.hex) })
            try output.record(record)
            return
        }
        let left =
            "\(Format.count(result.removedEntries, "entry", "entries")) with \(Format.bytes(result.removedBytes)) left out"
        if let new = result.new {
            try output.line("snapshot \(snapshot.shortID) is now \(new.hex.prefix(8)): \(left)")
        } else if result.isChanged {
            try output.line("snapshot \(snapshot.shortID) would be changed: \(left)")
        } else {
            output.note("snapshot \(snapshot.shortID) stays as it is")
        }
    }

    private func summarize(_ changed: [RewriteResult], _ output: Output) throws {
        if output.isJSON {
            try output.record([
                "message_type": "summary", "changed_snapshots": .integer(Int64(changed.count)),
                "dry_run": .boolean(dryRun),
            ])
        } else {
            try output.line("\(dryRun ? "would change" : "changed") \(Format.count(changed.count, "snapshot"))")
        }
    }
}
