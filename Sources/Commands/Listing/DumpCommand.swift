import ArgumentParser
import FileSystem
import Glibc
import Repository
import Snapshots

/// Writes a file, or a directory as an archive, to standard output.
struct DumpCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump",
        abstract: "Write a file, or a directory as a tar archive, to standard output.",
        discussion: """
            Names in the archive count from the directory that is dumped. If data is damaged the archive ends early, \
            without the blocks that end a whole one, and the exit status tells.
            """
    )

    @Argument(
        help: ArgumentHelp("The snapshot: an id, latest or latest~N, and :/path for a part.", valueName: "snapshot")
    )
    var snapshot: String

    @Argument(help: ArgumentHelp("A file or directory of the snapshot; all of it by default.", valueName: "path"))
    var path: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("The kind of archive.", valueName: "format"))
    var archive: Archive = .tar

    @OptionGroup(title: "Which snapshot is the latest") var filter: SnapshotFilterOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// The kinds of archives.
    enum Archive: String, ExpressibleByArgument, CaseIterable {
        case tar
    }

    func run(_ session: Session) throws -> ExitStatus {
        let opened = try session.openSnapshot(snapshot, try filter.filter())
        let output = session.output
        let root = snapshotPath(RawArguments.bytes(of: path ?? ""), below: opened.root)
        if !root.isEmpty {
            let entry = try opened.entry(at: root)
            if entry.kind == .regular {
                try FileOutput(opened, output).print(entry)
                return opened.status
            }
        }
        guard isatty(STDOUT_FILENO) == 0 else {
            throw UsageError("an archive is not for a terminal: send it to a file or a program")
        }
        var skipped = 0
        var failures = 0
        let writer = TarWriter(
            content: try opened.contentReader(),
            pages: opened.pages,
            sink: { bytes in
                try session.checkCancellation()
                try output.bytes(bytes)
            },
            skipped: { path, reason in
                skipped += 1
                output.warning("\(printable(path)): \(reason)")
            },
            failed: { path, error in
                failures += 1
                output.itemFailed(path, error, during: "writing to the archive")
            }
        )
        try writer.write(EntryWalk(opened.cursor(), root: root))
        if failures > 0 { return .integrityFailure }
        return skipped > 0 && opened.status == .success ? .partial : opened.status
    }
}
