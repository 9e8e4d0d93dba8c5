import ArgumentParser
import Repository
import Snapshots

/// Tells how much there is.
struct StatsCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Tell how much the snapshots hold and how much is stored.",
        discussion: """
            restore-size counts what restores would write, files-by-contents files of different content, raw-data what is \
            stored. Without ids all snapshots that pass the filters are counted together.
            """
    )

    @Argument(help: ArgumentHelp("The snapshots, by id, latest or latest~N.", valueName: "snapshot"))
    var ids: [String] = []

    @Option(help: "What is counted: restore-size, files-by-contents or raw-data.")
    var mode: Mode = .restoreSize

    @OptionGroup(title: "Which snapshots are counted") var filter: SnapshotFilterOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// The ways of counting by their names on the command line.
    enum Mode: String, ExpressibleByArgument, CaseIterable {
        case restoreSize = "restore-size"
        case filesByContents = "files-by-contents"
        case rawData = "raw-data"
    }

    func run(_ session: Session) throws -> ExitStatus {
        let filter = try self.filter.filter()
        let repository = try session.openRepository()
        let list = try session.loadSnapshots(repository)
        let snapshots = try ids.isEmpty ? list.filtered(filter) : ids.map { try list.named($0, filter) }
        let counts = try count(repository, snapshots, isWhole: ids.isEmpty && filter == SnapshotList.Filter())
        let output = session.output
        if output.isJSON {
            var record: JSONValue = [
                "message_type": "summary", "mode": .string(mode.rawValue),
                "snapshots_count": .integer(Int64(snapshots.count)),
            ]
            for count in counts { record.add(count.name, count.value) }
            try output.record(record)
        } else {
            try output.line("\(Format.count(snapshots.count, "snapshot")), \(mode.rawValue):")
            let width = counts.map(\.label.count).max() ?? 0
            for count in counts { try output.line("  \(Format.padded(count.label, to: width))  \(count.text)") }
        }
        return list.historyStatus
    }

    private func count(_ repository: Repository, _ snapshots: [Snapshot], isWhole: Bool) throws -> [Count] {
        switch mode {
        case .restoreSize:
            let size = try RepositoryStatistics.restoreSize(of: snapshots, in: repository)
            return [
                Count("Entries", "total_entry_count", number: size.entries),
                Count("Files", "total_file_count", number: size.files), Count("Size", "total_size", bytes: size.bytes),
            ]
        case .filesByContents:
            let files = try RepositoryStatistics.filesByContents(of: snapshots, in: repository)
            return [
                Count("Files", "total_file_count", number: files.files),
                Count("Size", "total_size", bytes: files.bytes),
            ]
        case .rawData:
            let raw =
                try isWhole
                ? RepositoryStatistics.rawData(in: repository)
                : RepositoryStatistics.rawData(of: snapshots, in: repository)
            var counts = [
                Count("Chunks", "total_blob_count", number: raw.chunks),
                Count("Chunks of data", "data_blob_count", number: raw.dataChunks),
                Count("Chunks of metadata", "metadata_blob_count", number: raw.metadataChunks),
                Count("Plain size", "total_uncompressed_size", bytes: raw.plainBytes),
                Count("Stored size", "total_size", bytes: raw.storedBytes),
                Count(
                    label: "Compression ratio",
                    name: "compression_ratio",
                    value: .number(raw.compressionRatio),
                    text: Format.decimal(raw.compressionRatio, places: 2)
                ),
            ]
            if let packs = raw.packs { counts.append(Count("Packs", "pack_count", number: UInt64(packs))) }
            if let bytes = raw.packBytes { counts.append(Count("Size of packs", "pack_bytes", bytes: bytes)) }
            return counts
        }
    }
}

/// One figure with its names.
private struct Count {
    var label: String
    var name: String
    var value: JSONValue
    var text: String
}

extension Count {
    init(_ label: String, _ name: String, number: UInt64) {
        self.init(label: label, name: name, value: .unsigned(number), text: "\(number)")
    }

    init(_ label: String, _ name: String, bytes: UInt64) {
        self.init(label: label, name: name, value: .unsigned(bytes), text: Format.bytes(bytes))
    }
}
