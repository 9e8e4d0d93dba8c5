import ArgumentParser
import Records
import Repository
import Snapshots

/// Frees space.
struct PruneCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Free the space of what no snapshot needs any more.",
        discussion: """
            Nothing is locked: backups go on meanwhile, and restores as well. Before anything is deleted, runs that began \
            earlier are waited for; one that stands still for the time of its lease (30 minutes), or whose process is gone, \
            is given up. Nothing is deleted while it is not known what every snapshot needs. An interrupted prune is simply \
            run again.
            """
    )

    @Option(
        help: ArgumentHelp(
            "Unused space that may stay in packs of which something is used: per cent of the whole (5%), a size, or "
                + "unlimited.",
            valueName: "limit"
        )
    )
    var maxUnused = UnusedLimit(limit: .percent(5))

    @Option(help: ArgumentHelp("Write at most so much anew, such as 2G.", valueName: "size"))
    var maxRepackSize: ByteSize?

    @Flag(help: "Join small packs as well.")
    var repackSmall = false

    @Flag(help: "Write only packs of metadata anew.")
    var repackCacheableOnly = false

    @Option(
        help: ArgumentHelp(
            "How long what an interrupted backup has stored is kept for its repetition, such as 12h or 7d.",
            valueName: "time"
        )
    )
    var keepUnreferenced = TimeSpan(seconds: 7 * 86_400)

    @Flag(name: [.customShort("n"), .long], help: "Change nothing; say what would be freed.")
    var dryRun = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        var options = PruneOptions()
        options.policy.maxUnused = maxUnused.limit
        options.policy.maxRepackBytes = maxRepackSize?.count ?? .max
        options.policy.joinsSmall = repackSmall
        options.policy.metadataOnly = repackCacheableOnly
        options.keepUnreferencedSeconds = UInt64(keepUnreferenced.seconds)
        options.isDryRun = dryRun
        return try PruneCommand.prune(try session.openRepository(), options, session)
    }

    /// Prunes, and reports it.
    static func prune(_ repository: Repository, _ options: PruneOptions, _ session: Session) throws -> ExitStatus {
        let progress = PruneProgress()
        let prune = Prune(
            repository: repository,
            options: options,
            observer: PruneReporter(session.output),
            progress: progress
        )
        let telling = ProgressReporter(session) {
            ProgressState(
                bytesDone: progress.bytesDone,
                bytesTotal: progress.bytesTotal > 0 ? progress.bytesTotal : nil,
                itemsDone: UInt64(progress.itemsDone),
                itemsTotal: UInt64(progress.itemsTotal),
                itemName: progress.countsPacks ? "packs" : "snapshots"
            )
        }
        let summary: PruneSummary
        do {
            defer { telling.stop() }
            summary = try prune.run()
        }
        PruneReport(summary: summary, isDryRun: options.isDryRun, seconds: session.elapsedSeconds).print(session.output)
        return summary.isGood ? .success : .integrityFailure
    }
}

/// How much unused space may stay.
struct UnusedLimit: ExpressibleByArgument, Sendable {
    /// The limit.
    var limit: PrunePolicy.Limit

    /// Takes a limit.
    init(limit: PrunePolicy.Limit) { self.limit = limit }

    /// Reads `5%`, a size, or `unlimited`.
    init?(argument: String) {
        if argument == "unlimited" {
            limit = .unlimited
        } else if argument.hasSuffix("%") {
            guard let first = argument.first, first.isNumber, let percent = Double(argument.dropLast()), percent >= 0,
                percent < 100
            else { return nil }
            limit = .percent(percent)
        } else {
            guard let size = ByteSize(argument: argument) else { return nil }
            limit = .bytes(size.count)
        }
    }

    /// The default in help texts.
    var defaultValueDescription: String {
        switch limit {
        case .unlimited: "unlimited"
        case .bytes(let count): "\(count)"
        case .percent(let percent): "\(Int(percent))%"
        }
    }
}
