import ArgumentParser
import Cryptography
import FileSystem
import Records
import Repository
import Snapshots

/// Compares two snapshots, or one with a directory.
struct DiffCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what differs between two snapshots, or between one and a directory.",
        discussion: """
            + is new, - is gone, M has other content, T is of another kind, U has other metadata (shown with --metadata). \
            With --live the directory is compared with the snapshot's part of its own path, or, if the snapshot has none, \
            with the whole snapshot, as after a restore to it.
            """
    )

    @Argument(help: ArgumentHelp("The older snapshot, and :/path for a part.", valueName: "snapshot"))
    var old: String

    @Argument(help: ArgumentHelp("The newer snapshot.", valueName: "snapshot"))
    var new: String?

    @Option(help: ArgumentHelp("Compare with this directory as it is now.", valueName: "directory"))
    var live: String?

    @Flag(help: "With --live: read files and compare their content, not only size and time.")
    var content = false

    @Flag(help: "Show what differs in owner, permissions, times or attributes alone.")
    var metadata = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// Refuses what cannot be compared.
    func validate() throws {
        if (new == nil) == (live == nil) {
            throw ValidationError("Name a second snapshot, or a directory with --live.")
        }
        if content, live == nil { throw ValidationError("--content goes with --live.") }
    }

    func run(_ session: Session) throws -> ExitStatus {
        let opened = try session.openSnapshot(old)
        var status = ExitStatus.success
        var report = DiffReport(output: session.output, showsMetadata: metadata)
        report.source = opened.snapshot.id.hex
        if let live {
            try LiveComparison(opened: opened, directory: live, readsContent: content).run(&report)
        } else if let new {
            let list = try SnapshotList.load(opened.repository)
            let other = try session.openSnapshot(new, in: list, of: opened.repository, opened.index)
            report.target = other.snapshot.id.hex
            try compare(opened, other, session, &report)
            if opened.status == .success, !other.losses.isEmpty { status = other.status }
        }
        try report.finish()
        return opened.status == .success ? status : opened.status
    }

    private func compare(
        _ old: OpenSnapshot,
        _ new: OpenSnapshot,
        _ session: Session,
        _ report: inout DiffReport
    ) throws {
        guard old.root == new.root else {
            throw UsageError("two snapshots are compared at the same path: write the same :/path behind both")
        }
        if !old.root.isEmpty { _ = (try old.entry(at: old.root), try new.entry(at: new.root)) }
        let diff = ManifestDiff(from: try old.cursor(keepsNesting: false), to: try new.cursor(keepsNesting: false))
        while let change = try diff.next() {
            try session.checkCancellation()
            guard old.root.isEmpty || isPath(change.path, atOrBelow: old.root) else { continue }
            switch change {
            case .added(let entry): try report.add(.added, entry.path, entry)
            case .removed(let entry): try report.add(.removed, entry.path, entry)
            case .changed(_, let entry, let aspects): try report.add(aspects, entry.path, entry)
            }
        }
    }

    private func isPath(_ path: [UInt8], atOrBelow root: [UInt8]) -> Bool {
        path.starts(with: root) && (path.count == root.count || path[root.count] == UInt8(ascii: "/"))
    }
}

/// A comparison of a snapshot with a directory.
private struct LiveComparison {
    var opened: OpenSnapshot
    var directory: String
    var readsContent: Bool

    func run(_ report: inout DiffReport) throws {
        let path = RawArguments.bytes(of: directory)
        let target = try Directory.open(path: path)
        var options = RestoreOptions()
        options.root = opened.root.isEmpty ? try ownPath(path) : opened.root
        let root = options.root
        let comparison = try LiveDiff(
            repository: opened.repository,
            index: opened.index,
            root: opened.snapshot.commit.root,
            digest: opened.snapshot.details.rootDigest,
            options: options,
            scope: readsContent ? [.extra, .content] : [.extra],
            lost: opened.losses.note
        )
        var found = report
        try comparison.run(against: target) { difference in
            switch difference {
            case .missing(let path, let entry): try found.add(.removed, snapshotPath(path, below: root), entry)
            case .extra(let path, let kind):
                try found.add(extra: snapshotPath(path, below: root), isDirectory: kind == .directory)
            case .changed(let path, let entry, let aspects):
                try found.add(aspects, snapshotPath(path, below: root), entry)
            case .unreadable(let path, let error): found.addFailure(snapshotPath(path, below: root), error)
            }
        }
        report = found
    }

    /// The directory's own path, if the snapshot holds a directory of that path.
    private func ownPath(_ path: [UInt8]) throws -> [UInt8] {
        let own = manifestPath(try resolvedPath(String(decoding: path, as: UTF8.self)))
        guard !own.isEmpty else { return [] }
        do {
            return try opened.entry(at: own).kind == .directory ? own : []
        } catch let error as RepositoryError where error.code == .invalidRequest {
            return []
        }
    }
}
