import ArgumentParser
import Chunking
import Cryptography
import FileSystem
import Records
import Repository
import Snapshots

/// Makes a snapshot.
struct BackupCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Save files and directories, or a stream, as a snapshot.",
        discussion: """
            Unchanged files are recognised by size, times and inode and are not read again. What cannot be read is \
            reported and left out, the rest is saved, and the exit status is 3.
            """
    )

    @OptionGroup var source: BackupSourceOptions
    @OptionGroup(title: "What is left out") var selection: BackupSelectionOptions

    @Option(
        help: ArgumentHelp(
            "The dataset that the snapshot belongs to; by default the paths are its name.",
            valueName: "name"
        )
    )
    var dataset: String?

    @Option(help: ArgumentHelp("The domain to write into; by default the first one.", valueName: "name"))
    var domain: String?

    @Option(help: "Tags for the snapshot, joined by commas; may be given several times.")
    var tag: [String] = []

    @Option(name: [.customShort("H"), .long], help: "The host's name in the snapshot. (HOLDFAST_HOST)")
    var host: String?

    @Option(
        help: ArgumentHelp("The snapshot's time, such as \"2026-11-24 09:33:22\"; now by default.", valueName: "time")
    )
    var time: String?

    @Option(
        help: ArgumentHelp(
            "Declare that a snapshot comes at least this often, such as 1d12h: a longer silence is an alarm to check.",
            valueName: "span"
        )
    )
    var interval: SpanOption?

    @Option(help: ArgumentHelp("Compare files with this snapshot instead of the cache.", valueName: "snapshot"))
    var parent: String?

    @Option(
        name: [.customShort("g"), .long],
        help: ArgumentHelp(
            "Compare with the last snapshot that has in common: dataset, host, paths, tags, joined by commas. "
                + "(default: dataset)",
            valueName: "group"
        )
    )
    var groupBy: String?

    @Flag(name: .shortAndLong, help: "Read every file, even if it seems unchanged.")
    var force = false

    @Flag(name: [.customShort("n"), .long], help: "Store nothing; say what would be stored.")
    var dryRun = false

    @Flag(help: "Make no snapshot if nothing has changed since the last one.")
    var skipIfUnchanged = false

    @Option(help: ArgumentHelp("How many files are read at once. (HOLDFAST_READ_CONCURRENCY)", valueName: "n"))
    var readConcurrency: Int?

    @Option(
        help: ArgumentHelp(
            "off, fastest, default, better, max, zstd[:level] or zlib[:level]. (HOLDFAST_COMPRESSION)",
            valueName: "setting"
        )
    )
    var compression: String?

    @Option(
        help: ArgumentHelp(
            "How files are cut: fast, prf (which hides more from storage) or fixed:SIZE.",
            valueName: "method"
        )
    )
    var chunker: ChunkerSetting = .fast

    @Option(
        help: ArgumentHelp(
            "Keep so many per cent of parity, or off; as before by default. (HOLDFAST_PARITY)",
            valueName: "percent"
        )
    )
    var parity: ParityPercent?

    @Flag(help: "Do not read back what was encrypted before it is stored.")
    var noExtraVerify = false

    @Flag(help: "Accepted for restic's sake: there is no scan to leave out.")
    var noScan = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let request = try request(session)
        let repository = try session.openRepository()
        var whole = request
        if let domain { whole.writing.domain = try repository.domain(named: domain).id }
        if let stream = try stream() { whole.source = stream }
        if let parent { whole.parent = try SnapshotList.load(repository).named(parent).id }
        let observer = BackupReporter(session.output)
        let backup = Backup(repository: repository, request: whole, observer: observer)
        let progress = backup.progress
        let reporter = ProgressReporter(session) {
            ProgressState(
                bytesDone: progress.bytesDone,
                bytesTotal: progress.bytesExpected > progress.bytesDone ? progress.bytesExpected : nil,
                itemsDone: progress.filesDone,
                itemsTotal: progress.filesExpected > progress.filesDone ? progress.filesExpected : nil,
                failures: progress.failureCount
            )
        }
        let started = session.now
        let summary: BackupSummary
        do {
            summary = try backup.run()
            reporter.stop()
        } catch {
            reporter.stop()
            throw error
        }
        let parityStatus = dryRun ? .success : keepParity(session, repository)
        BackupReport(summary: summary, request: whole, started: started, ended: session.now).print(session.output)
        return summary.statistics.failures == 0 ? parityStatus : .partial
    }

    /// Protects what the backup has stored, if the repository has parity or is to have it.
    ///
    /// The snapshot exists by now, whatever becomes of this.
    private func keepParity(_ session: Session, _ repository: Repository) -> ExitStatus {
        do {
            guard let percent = try session.parityPercent(parity, store: repository.store), percent > 0 else {
                return .success
            }
            let work = ParityWork(session, store: repository.store)
            return work.tellProblems(try work.create(percent: percent)) == .success ? .success : .partial
        } catch {
            session.output.problem("the snapshot is saved, but its parity could not be made: \(error)")
            return .partial
        }
    }

    /// Everything that can be judged before a password is asked for.
    private func request(_ session: Session) throws -> BackupRequest {
        let isStream = source.stdin || source.stdinFromCommand
        let paths = isStream ? [] : try source.absolutePaths()
        let variables = session.variables
        var request = BackupRequest(
            dataset: dataset ?? source.defaultDataset(paths),
            source: .files(paths),
            host: host ?? variables.nonEmpty("HOLDFAST_HOST") ?? hostName()
        )
        let repository = try session.location().directory.flatMap { try? resolvedPath($0) }
        (request.selection, request.excludePatterns) = try selection.selection(exceptFor: repository)
        request.user = currentUserName()
        request.tags = tag.flatMap { $0.split(separator: ",").map(String.init) }
        request.time = try time.map { try Moment.parse($0, now: session.now) }
        request.parentGrouping = try grouping()
        request.rereadsAll = force
        request.skipsIfUnchanged = skipIfUnchanged
        request.isDryRun = dryRun
        if let compression = compression ?? variables.nonEmpty("HOLDFAST_COMPRESSION") {
            do {
                request.compression = try CompressionSetting(parsing: compression)
            } catch {
                throw UsageError("\(error)")
            }
        }
        request.chunker = try chunker.parameters()
        if let count = try readConcurrency ?? concurrencyVariable(variables) {
            guard (1...256).contains(count) else { throw UsageError("--read-concurrency must be 1 to 256") }
            request.readConcurrency = count
        }
        request.writing.verifies = !noExtraVerify
        request.program = ProgramVersion.text
        request.interval = interval?.span.seconds ?? 0
        return request
    }

    private func grouping() throws -> ParentGrouping? {
        guard let groupBy else { return nil }
        guard parent == nil else { throw UsageError("--parent and --group-by contradict each other: give one of them") }
        var grouping: ParentGrouping = []
        for name in groupBy.split(separator: ",") {
            switch name {
            case "dataset", "datasets": grouping.insert(.dataset)
            case "host", "hosts": grouping.insert(.host)
            case "path", "paths": grouping.insert(.paths)
            case "tag", "tags": grouping.insert(.tags)
            default: throw UsageError("--group-by knows dataset, host, paths and tags, not \"\(name)\"")
            }
        }
        return grouping == .dataset ? nil : grouping
    }

    private func concurrencyVariable(_ variables: Variables) throws -> Int? {
        guard let text = variables.nonEmpty("HOLDFAST_READ_CONCURRENCY") else { return nil }
        guard let count = Int(text) else { throw UsageError("HOLDFAST_READ_CONCURRENCY is no number: \(text)") }
        return count
    }

    /// The stream to save, if it is one; a command is started only here, when the repository is open.
    private func stream() throws -> BackupSource? {
        let name = Array(source.stdinFilename.utf8)
        if source.stdinFromCommand { return try InputStream(command: source.paths).source(name: name) }
        return source.stdin ? try InputStream().source(name: name) : nil
    }
}
