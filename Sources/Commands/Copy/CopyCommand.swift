import ArgumentParser
import Chunking
import Cryptography
import Records
import Repository
import Snapshots

/// Copies snapshots from another repository.
struct CopyCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy",
        abstract: "Copy snapshots from another repository, which has other keys.",
        discussion: """
            Everything is decrypted, verified, cut and encrypted anew; time, host, tags and paths stay as they were. \
            Snapshots that were copied before are passed over. Without ids all snapshots that pass the filters are meant.
            """
    )

    @Argument(help: ArgumentHelp("The snapshots to copy, by id, latest or latest~N.", valueName: "snapshot"))
    var ids: [String] = []

    @OptionGroup(title: "Where from") var source: SourceRepositoryOptions

    @Option(
        help: ArgumentHelp(
            "off, fastest, default, better, max, zstd[:level] or zlib[:level]. (HOLDFAST_COMPRESSION)",
            valueName: "setting"
        )
    )
    var compression: String?

    @OptionGroup(title: "Which snapshots are copied") var filter: SnapshotFilterOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let output = session.output
        let other = Session(try source.global(beside: global), variables: Variables(isSource: true))
        let filter = try self.filter.filter()
        var setting = CompressionSetting.standard
        if let text = compression ?? session.variables.nonEmpty("HOLDFAST_COMPRESSION") {
            do { setting = try CompressionSetting(parsing: text) } catch { throw UsageError("\(error)") }
        }
        let from = try other.openRepository()
        let list = try other.loadSnapshots(from)
        let snapshots = try ids.isEmpty ? list.filtered(filter) : ids.map { try list.named($0, filter) }
        let copier = try SnapshotCopier(from: from, list, to: try session.openRepository(), compression: setting)
        session.report(copier.destinationProblems)
        var (copied, skipped, failed) = (0, 0, 0)
        for snapshot in snapshots {
            try session.checkCancellation()
            if let existing = copier.existingCopy(of: snapshot) {
                skipped += 1
                output.detail("snapshot \(snapshot.shortID) was copied before, as \(existing.hex.prefix(8))")
                continue
            }
            do {
                let result = try copier.copy(snapshot)
                copied += 1
                try report(snapshot, result, output)
            } catch let error where error.isDamageOfContent {
                failed += 1
                output.problem("snapshot \(snapshot.shortID) was not copied: \(error)")
            }
        }
        if output.isJSON {
            try output.record([
                "message_type": "summary", "snapshots_copied": .integer(Int64(copied)),
                "snapshots_skipped": .integer(Int64(skipped)), "errors": .integer(Int64(failed)),
            ])
        } else {
            try output.line("copied \(Format.count(copied, "snapshot")), \(skipped) were there already")
        }
        if failed > 0 { return .integrityFailure }
        // Which snapshots there are to copy depends on the whole history.
        return ids.isEmpty ? list.historyStatus : .success
    }

    private func report(_ snapshot: Snapshot, _ result: CopyResult, _ output: Output) throws {
        if output.isJSON {
            try output.record([
                "message_type": "copied", "source_snapshot_id": .string(result.source.hex),
                "snapshot_id": .string(result.copy.hex), "bytes_read": .unsigned(result.bytesRead),
                "data_added": .unsigned(result.bytesAdded), "data_added_packed": .unsigned(result.bytesStored),
            ])
        } else {
            try output.line(
                "snapshot \(snapshot.shortID) of \(Moment.local(snapshot.details.time)) is \(result.copy.hex.prefix(8)): "
                    + "read \(Format.bytes(result.bytesRead)), stored \(Format.bytes(result.bytesStored))"
            )
        }
    }
}

extension Error {
    /// Whether something that a snapshot needs is damaged or missing, while others may be whole.
    fileprivate var isDamageOfContent: Bool { ExitStatus(self) == .integrityFailure }
}
