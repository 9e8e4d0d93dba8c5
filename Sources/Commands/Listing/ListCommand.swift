import ArgumentParser
import FileSystem
import Repository
import Snapshots

/// Lists the files of a snapshot.
struct ListCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the files of a snapshot.",
        discussion: """
            Without a directory everything is listed; with one, what lies directly in it, and everything below it with \
            --recursive. Control characters and bytes that are no UTF-8 are shown as escapes, in JSON also as base64.
            """
    )

    @Argument(
        help: ArgumentHelp("The snapshot: an id, latest or latest~N, and :/path for a part.", valueName: "snapshot")
    )
    var snapshot: String

    @Argument(help: ArgumentHelp("Directories or files of the snapshot.", valueName: "path"))
    var paths: [String] = []

    @Flag(name: .shortAndLong, help: "Show kind, permissions, owner, size and time.")
    var long = false

    @Flag(help: "List everything below the given directories.")
    var recursive = false

    @OptionGroup(title: "Which snapshot is the latest") var filter: SnapshotFilterOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let opened = try session.openSnapshot(snapshot, try filter.filter())
        let output = session.output
        if output.isJSON {
            try output.record(opened.snapshot.record)
        } else {
            output.note("snapshot \(opened.snapshot.shortID) of \(Moment.local(opened.snapshot.details.time)):")
        }
        var count: UInt64 = 0
        func list(_ root: [UInt8], isRecursive: Bool) throws {
            var walk = try EntryWalk(opened.cursor(), root: root)
            while let entry = try walk.next() {
                if entry.kind == .directoryEnd { continue }
                try session.checkCancellation()
                let isRoot = entry.path == root
                if !isRecursive, !isRoot, entry.kind == .directory { try walk.skipSubtree() }
                count += 1
                if output.isJSON {
                    try output.record(entry.record("node"))
                } else {
                    try output.line(entry.line(isLong: long))
                }
            }
        }
        if paths.isEmpty {
            try list(opened.root, isRecursive: true)
        } else {
            for path in paths {
                try list(snapshotPath(RawArguments.bytes(of: path), below: opened.root), isRecursive: recursive)
            }
        }
        if output.isJSON { try output.record(["message_type": "summary", "entries": .unsigned(count)]) }
        return opened.status
    }
}

/// A path that a user names within a snapshot: counted from the snapshot's top if it begins with a slash, otherwise from
/// the path that was named behind the snapshot.
func snapshotPath(_ path: [UInt8], below root: [UInt8]) -> [UInt8] {
    let clean = manifestPath(path)
    if root.isEmpty || path.first == UInt8(ascii: "/") { return clean }
    return clean.isEmpty ? root : root + [UInt8(ascii: "/")] + clean
}
