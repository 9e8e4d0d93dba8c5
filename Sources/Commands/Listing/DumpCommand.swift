import ArgumentParser
import Cryptography
import FileSystem
import Glibc
import Repository
import Snapshots

/// Writes a file, or a directory as an archive, to standard output or a file.
struct DumpCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump",
        abstract: "Write a file, or a directory as a tar or zip archive, to standard output or a file.",
        discussion: """
            Names in the archive count from the directory that is dumped. Zip knows files, directories and symbolic links \
            only; tar keeps all but sockets. Files that are damaged are left out or filled up with zeros, and told. A file \
            named by --target appears when it is whole.
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

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The file to write, in the place of standard output.", valueName: "file")
    )
    var target: String?

    @OptionGroup(title: "Which snapshot is the latest") var filter: SnapshotFilterOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// The kinds of archives.
    enum Archive: String, ExpressibleByArgument, CaseIterable {
        case tar
        case zip
    }

    func run(_ session: Session) throws -> ExitStatus {
        let opened = try session.openSnapshot(snapshot, try filter.filter())
        let output = session.output
        let root = snapshotPath(RawArguments.bytes(of: path ?? ""), below: opened.root)
        let file = try root.isEmpty ? nil : opened.entry(at: root)
        if target == nil, file?.kind != .regular, isatty(STDOUT_FILENO) != 0 {
            throw UsageError("an archive is not for a terminal: send it to a program, or to a file by --target")
        }
        guard let target else {
            let lacking = try write(session, opened, root: root, file) { try output.bytes($0) }
            return status(opened, lacking)
        }
        let place = try DumpTarget(path: target)
        var byteCount: UInt64 = 0
        let lacking: Lacking
        do {
            lacking = try write(session, opened, root: root, file) { bytes in
                byteCount += UInt64(bytes.byteCount)
                try place.write(bytes)
            }
            try place.commit()
        } catch {
            place.discard()
            throw error
        }
        if output.isJSON {
            output.report([
                "message_type": "summary", "snapshot_id": .string(opened.snapshot.id.hex),
                "bytes": .unsigned(byteCount), "skipped": .integer(Int64(lacking.skipped)),
                "errors": .integer(Int64(lacking.failures)),
            ])
        } else {
            output.note("wrote \(Format.bytes(byteCount)) to \(safeLine(target))")
        }
        return status(opened, lacking)
    }

    /// What an archive does not have.
    private struct Lacking {
        /// Entries that it could not hold.
        var skipped = 0
        /// Entries of which content or attributes could not be read.
        var failures = 0
    }

    private func status(_ opened: OpenSnapshot, _ lacking: Lacking) -> ExitStatus {
        if lacking.failures > 0 { return .integrityFailure }
        return lacking.skipped > 0 && opened.status == .success ? .partial : opened.status
    }

    /// Writes a file, or everything at and below the root as an archive.
    private func write(
        _ session: Session,
        _ opened: OpenSnapshot,
        root: [UInt8],
        _ file: Entry?,
        to sink: @escaping (RawSpan) throws -> Void
    ) throws -> Lacking {
        let checked: (RawSpan) throws -> Void = { bytes in
            try session.checkCancellation()
            try sink(bytes)
        }
        if let file, file.kind == .regular {
            try FileOutput(opened, sink: checked).print(file)
            return Lacking()
        }
        var lacking = Lacking()
        let skip: ([UInt8], String) -> Void = { path, reason in
            lacking.skipped += 1
            session.output.warning("\(printable(path)): \(reason)")
        }
        let fail: ([UInt8], any Error) -> Void = { path, error in
            lacking.failures += 1
            session.output.itemFailed(path, error, during: "writing to the archive")
        }
        let walk = try EntryWalk(opened.cursor(), root: root)
        switch archive {
        case .tar:
            let writer = TarWriter(
                content: try opened.contentReader(),
                pages: opened.pages,
                sink: checked,
                skipped: skip,
                failed: fail
            )
            try writer.write(walk)
        case .zip:
            let temporary = session.variables.nonEmpty("TMPDIR") ?? "/tmp"
            let writer = try ZipWriter(
                content: try opened.contentReader(),
                temporaryDirectory: { try Directory.open(path: Array(temporary.utf8)) },
                sink: checked,
                skipped: skip,
                failed: fail
            )
            try writer.write(walk)
        }
        return lacking
    }
}
