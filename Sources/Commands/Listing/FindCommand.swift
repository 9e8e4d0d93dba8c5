import ArgumentParser
import Cryptography
import FileSystem
import Repository
import Snapshots

/// Finds files in snapshots.
struct FindCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "Find files by name or path in all snapshots.",
        discussion: """
            Patterns have the syntax of .gitignore; one that begins with a slash fits a path from the top of the snapshot \
            on, any other at every depth. With --blob or --pack the arguments are ids, and what is found are the files \
            that use these chunks, or chunks of these packs.
            """
    )

    @Flag(help: "Look for files that use chunks of these ids.")
    var blob = false

    @Flag(help: "Look for files that use chunks of these packs.")
    var pack = false

    @Argument(help: ArgumentHelp("What to look for.", valueName: "pattern"))
    var patterns: [String]

    @Flag(name: .shortAndLong, help: "Whether letters are capital or small does not count.")
    var ignoreCase = false

    @Option(
        name: [.customShort("N"), .long],
        help: ArgumentHelp("Only what was changed up to this time.", valueName: "time")
    )
    var newest: String?

    @Option(
        name: [.customShort("O"), .long],
        help: ArgumentHelp("Only what was changed since this time.", valueName: "time")
    )
    var oldest: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Only in this snapshot; may be given several times.", valueName: "id")
    )
    var snapshot: [String] = []

    @Flag(name: .shortAndLong, help: "Show kind, permissions, owner, size and time.")
    var long = false

    @OptionGroup(title: "Which snapshots are searched") var filter: SnapshotFilterOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let search = try search(session)
        let filter = try self.filter.filter()
        let repository = try session.openRepository()
        let list = try session.loadSnapshots(repository)
        let chosen = try snapshot.isEmpty ? list.filtered(filter) : snapshot.map { try list.named($0, filter) }
        let index = try repository.loadIndex()
        let output = session.output
        var matches: UInt64 = 0
        var isLossy = false
        for snapshot in chosen {
            let opened = try session.openSnapshot(snapshot.id.hex, in: list, of: repository, index)
            var isFirst = true
            let found = { (entry: Entry) in
                matches += 1
                if output.isJSON {
                    var record = entry.record("match")
                    record.add("snapshot_id", .string(snapshot.id.hex))
                    return try output.record(record)
                }
                if isFirst {
                    try output.line("snapshot \(snapshot.shortID) of \(Moment.local(snapshot.details.time)):")
                }
                isFirst = false
                try output.line("  " + entry.line(isLong: long))
            }
            do {
                try search.run(opened, session, found)
            } catch  where ExitStatus(error) == .integrityFailure {
                // One snapshot that cannot be read does not hide the others.
                output.problem("snapshot \(snapshot.shortID): \(error)")
                isLossy = true
            }
            if !opened.losses.isEmpty { isLossy = true }
        }
        if output.isJSON {
            try output.record([
                "message_type": "summary", "snapshots": .integer(Int64(chosen.count)), "matches": .unsigned(matches),
            ])
        } else if matches == 0 {
            output.note("nothing found in \(Format.count(chosen.count, "snapshot"))")
        }
        return isLossy ? .integrityFailure : list.historyStatus
    }

    private func search(_ session: Session) throws -> Search {
        if blob, pack { throw UsageError("--blob and --pack contradict each other: give one of them") }
        let compiled = try (blob || pack ? [] : patterns).map { text in
            guard
                let pattern = PathPattern(
                    line: RawArguments.bytes(of: text),
                    ignoringCase: ignoreCase,
                    isFloating: true
                ),
                pattern.canMatch
            else { throw UsageError("the pattern \"\(safeLine(text))\" can never fit") }
            return pattern
        }
        return Search(
            patterns: compiled,
            ids: blob || pack ? patterns : [],
            arePacks: pack,
            newest: try newest.map { try Moment.parse($0, now: session.now) },
            oldest: try oldest.map { try Moment.parse($0, now: session.now) }
        )
    }
}

/// What is looked for.
private struct Search {
    var patterns: [PathPattern]
    /// Of chunks or packs, in the place of patterns.
    var ids: [String]
    var arePacks: Bool
    var newest: Int64?
    var oldest: Int64?

    /// Hands on each entry of a snapshot that fits.
    func run(_ opened: OpenSnapshot, _ session: Session, _ found: (Entry) throws -> Void) throws {
        let chunks = try ids.isEmpty ? nil : ChunkSearch(ids, arePacks: arePacks, in: opened)
        var walk = try EntryWalk(opened.cursor())
        while let entry = try walk.next() {
            if entry.kind == .directoryEnd { continue }
            try session.checkCancellation()
            let isDirectory = entry.kind == .directory
            guard
                try chunks?.fits(entry)
                    ?? patterns.contains(where: { $0.matches(entry.path.span, isDirectory: isDirectory) })
            else { continue }
            let time = entry.modificationNanoseconds
            if let newest, time > newest { continue }
            if let oldest, time < oldest { continue }
            try found(entry)
        }
    }
}
