import ArgumentParser
import Cryptography
import FileSystem
import Records
import Repository
import Snapshots

/// Verifies the repository.
struct CheckCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verify the repository: signatures, chains, references, and with --read-data every byte.",
        discussion: """
            The exit status is 20 if anything is damaged, missing or forged; each finding is reported with what it hits. \
            A subset by per cent or size takes the packs that were not read for longest, so that repeated checks get round \
            to all of them.
            """
    )

    @Flag(help: "Read, decrypt and verify all data.")
    var readData = false

    @Option(
        help: ArgumentHelp("Read a part of the data: n/t (such as 2/5), x% or a size such as 50G.", valueName: "subset")
    )
    var readDataSubset: String?

    @Flag(help: "Check what can be checked without a key, and ask for none.")
    var noKeys = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// Refuses two ways of saying how much is read.
    func validate() throws {
        if readData, readDataSubset != nil {
            throw ValidationError("--read-data and --read-data-subset contradict each other: give one of them.")
        }
    }

    func run(_ session: Session) throws -> ExitStatus {
        var options = CheckOptions()
        if readData { options.readData = .all }
        if let readDataSubset {
            do {
                options.readData = try ReadData(subset: readDataSubset)
            } catch {
                throw UsageError("\(error)")
            }
        }
        let reporter = CheckReporter(session.output)
        let progress = CheckProgress()
        let summary =
            try noKeys
            ? runWithoutKeys(session, options, reporter, progress)
            : runWithKeys(session, options, reporter, progress)
        CheckReport(summary: summary, options: options, seconds: session.elapsedSeconds).print(session.output)
        return summary.isGood ? .success : .integrityFailure
    }

    private func runWithKeys(
        _ session: Session,
        _ options: CheckOptions,
        _ reporter: CheckReporter,
        _ progress: CheckProgress
    ) throws -> CheckSummary {
        let repository = try session.openRepository()
        let check = Check(repository: repository, options: options, observer: reporter, progress: progress)
        let telling = tell(session, progress)
        defer { telling.stop() }
        return try check.run()
    }

    private func runWithoutKeys(
        _ session: Session,
        _ options: CheckOptions,
        _ reporter: CheckReporter,
        _ progress: CheckProgress
    ) throws -> CheckSummary {
        let store = try session.openStore()
        let id = try Repository.readFormat(store).repository
        let state = try LocalDirectories(session).state(of: id)
        let telling = tell(session, progress)
        defer { telling.stop() }
        return try KeylessCheck.run(
            store: store,
            options: options,
            observer: reporter,
            progress: progress,
            state: state,
            isCancelled: { Cancellation.isRequested }
        )
    }

    private func tell(_ session: Session, _ progress: CheckProgress) -> ProgressReporter {
        ProgressReporter(session) {
            let readsPacks = progress.packsTotal > 0
            return ProgressState(
                bytesDone: progress.bytesDone,
                bytesTotal: readsPacks ? progress.bytesTotal : nil,
                itemsDone: UInt64(readsPacks ? progress.packsDone : progress.snapshotsDone),
                itemsTotal: UInt64(readsPacks ? progress.packsTotal : progress.snapshotsTotal),
                itemName: readsPacks ? "packs" : "snapshots"
            )
        }
    }
}

/// Passes a check's course on to the user.
private struct CheckReporter: CheckObserver {
    private let output: Output

    init(_ output: Output) { self.output = output }

    func begins(_ phase: CheckPhase) {
        let text =
            switch phase {
            case .structure: "checking header, policies, keys, commits and lists"
            case .index: "checking the index"
            case .manifests: "checking the snapshots and all that they refer to"
            case .data: "reading data"
            case .damage: "finding out which files are hit"
            }
        output.note(text)
    }

    func problem(_ problem: CheckProblem) {
        guard output.isJSON else {
            var text = problem.message
            if !problem.snapshots.isEmpty {
                text +=
                    "\n  hits snapshots: " + problem.snapshots.map { String($0.hex.prefix(8)) }.joined(separator: ", ")
            }
            for path in problem.paths { text += "\n  hits " + printable(absolute(path)) }
            if problem.pathCount > problem.paths.count {
                text += "\n  hits \(problem.pathCount - problem.paths.count) further paths"
            }
            return problem.severity == .error ? output.problem(text) : output.warning(text)
        }
        var line: JSONValue = [
            "message_type": "problem", "severity": .string(problem.severity.rawValue),
            "kind": .string(problem.kind.rawValue), "message": .string(problem.message),
        ]
        line.add("object", problem.object.map { .string($0) })
        line.add("snapshots", .array(problem.snapshots.map { .string($0.hex) }))
        line.add("paths", .array(problem.paths.map { .path(absolute($0)) }))
        line.add("num_paths", .integer(Int64(problem.pathCount)))
        output.report(line)
    }

    func lost(_ losses: SnapshotLosses) {
        guard output.isJSON else {
            var text = "snapshot \(losses.snapshot.hex.prefix(8)) has lost something:"
            if losses.files > 0 { text += "\n  \(Format.count(losses.files, "file")) cannot be restored whole" }
            for path in losses.paths.prefix(20) { text += "\n    " + printable(absolute(path)) }
            if losses.files > 20 {
                text += "\n    and \(losses.files - min(20, losses.paths.count)) others (--json names more)"
            }
            for place in losses.lostPlaces { text += "\n  lost with the page that lists them: " + place }
            return output.problem(text)
        }
        output.report([
            "message_type": "snapshot_damage", "snapshot_id": .string(losses.snapshot.hex),
            "num_files": .integer(Int64(losses.files)),
            "paths": .array(losses.paths.map { .path(absolute($0)) }),
            "entries_lost": .unsigned(losses.lostEntries), "bytes_lost": .unsigned(losses.lostBytes),
            "lost_places": .array(losses.lostPlaces.map { .string($0) }),
        ])
    }
}
