import ArgumentParser
import FileSystem
import Records
import Repository
import Snapshots

/// Restores a snapshot.
struct RestoreCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Restore a snapshot, or a part of it, to a directory.",
        discussion: """
            Files get their full original paths below the target; with SNAPSHOT:/path the content of that path becomes the \
            content of the target. Paths are taken literally, whatever characters they hold; patterns are for --include \
            and --exclude. A file is written under another name, verified, and only then put in place.
            """
    )

    @Argument(
        help: ArgumentHelp("The snapshot: an id, latest or latest~N, and :/path for a part.", valueName: "snapshot")
    )
    var snapshot: String

    @Argument(
        help: ArgumentHelp("Only these paths of the snapshot and what is below them, literally.", valueName: "path")
    )
    var paths: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to; made if it is missing.", valueName: "directory"))
    var target: String

    @OptionGroup(title: "What is restored") var selection: FileSelectionOptions

    @Option(help: "Existing files: always, if-changed (by size and time), if-newer or never.")
    var overwrite: Overwrite = .always

    @Flag(help: "Remove from restored directories what the snapshot does not have.")
    var delete = false

    @Flag(name: [.customShort("n"), .long], help: "Change nothing; say what would be done.")
    var dryRun = false

    @Flag(help: "Read everything back at the end and compare it with the snapshot.")
    var verify = false

    @Flag(help: "Set owners by the names that they had, rather than by their numbers.")
    var ownershipByName = false

    @Flag(help: "Leave devices out.")
    var noDevices = false

    @Flag(help: "Accepted for restic's sake: holes are always kept.")
    var sparse = false

    @OptionGroup(title: "Which snapshot is the latest") var filter: SnapshotFilterOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// The overwrite rules by their names on the command line.
    enum Overwrite: String, ExpressibleByArgument, CaseIterable {
        case always
        case ifChanged = "if-changed"
        case ifNewer = "if-newer"
        case never

        var rule: OverwriteRule {
            switch self {
            case .always: .always
            case .ifChanged: .ifChanged
            case .ifNewer: .ifNewer
            case .never: .never
            }
        }
    }

    func run(_ session: Session) throws -> ExitStatus {
        let named = SnapshotArgument(snapshot)
        var options = RestoreOptions()
        options.root = named.path
        options.selection = try selection.selection(paths, below: named.path)
        options.overwrite = overwrite.rule
        options.deletesExtra = delete
        options.isDryRun = dryRun
        options.verifiesAfter = verify
        options.ownershipByName = ownershipByName
        options.allowsDevices = !noDevices
        let filter = try self.filter.filter()
        let repository = try session.openRepository()
        let list = try session.loadSnapshots(repository)
        let index = try repository.loadIndex()
        let opened = try session.openSnapshot(snapshot, in: list, of: repository, index, filter)
        let (snapshot, status) = (opened.snapshot, opened.status)
        // A slip is told before anything is touched.
        if !opened.root.isEmpty { _ = try opened.entry(at: opened.root) }
        for path in paths { _ = try opened.entry(at: snapshotPath(RawArguments.bytes(of: path), below: opened.root)) }
        session.output.note("restoring snapshot \(snapshot.shortID) of \(Moment.local(snapshot.details.time))")
        let summary = try run(session, opened, options)
        RestoreReport(summary: summary, snapshot: snapshot, options: options, seconds: session.elapsedSeconds)
            .print(session.output)
        if summary.integrityFailures > 0 { return .integrityFailure }
        if status != .success { return status }
        return summary.failures > 0 ? .partial : .success
    }

    private func run(
        _ session: Session,
        _ opened: OpenSnapshot,
        _ options: RestoreOptions
    ) throws -> RestoreSummary {
        let restore = Restore(
            repository: opened.repository,
            index: opened.index,
            root: opened.snapshot.commit.root,
            digest: opened.snapshot.details.rootDigest,
            options: options,
            observer: RestoreReporter(session.output)
        )
        let progress = restore.progress
        let isWhole = options.root.isEmpty && selection.isEverything && paths.isEmpty
        let statistics = opened.snapshot.details.statistics
        let reporter = ProgressReporter(session) {
            let summary = progress.summary
            return ProgressState(
                bytesDone: summary.bytesRestored + summary.bytesSkipped,
                bytesTotal: isWhole ? statistics.contentBytes : nil,
                itemsDone: summary.entries,
                itemsTotal: isWhole ? statistics.entries : nil,
                itemName: "entries",
                failures: summary.failures
            )
        }
        defer { reporter.stop() }
        return try restore.run(to: RawArguments.bytes(of: target))
    }
}
