import ArgumentParser
import FileSystem
import Snapshots

/// What a backup leaves out.
struct BackupSelectionOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Leave out what fits a pattern in the syntax of .gitignore, counted from /.")
    var exclude: [String] = []

    @Option(help: "The same, whether letters are capital or small.")
    var iexclude: [String] = []

    @Option(help: ArgumentHelp("A file of patterns, one a line.", valueName: "file"))
    var excludeFile: [String] = []

    @Option(help: ArgumentHelp("The same, whether letters are capital or small.", valueName: "file"))
    var iexcludeFile: [String] = []

    @Option(
        help: ArgumentHelp(
            "Leave out directories that hold a file of this name, which begins with the header if one is given.",
            valueName: "name[:header]"
        )
    )
    var excludeIfPresent: [String] = []

    @Flag(help: "Leave out what lies beside a CACHEDIR.TAG.")
    var excludeCaches = false

    @Option(help: ArgumentHelp("Leave out files above this size, such as 500M.", valueName: "size"))
    var excludeLargerThan: ByteSize?

    @Flag(name: [.customShort("x"), .long], help: "Stay on the file systems of the given paths.")
    var oneFileSystem = false

    /// The selection that the options describe.
    ///
    /// - Parameter repository: the absolute path of the repository, which is never saved into itself.
    func selection(exceptFor repository: [UInt8]?) throws -> (selection: WalkSelection, patterns: [[UInt8]]) {
        var exact = PatternList()
        exact.append(exclude)
        for path in excludeFile { exact.append(parsing: try patternFile(path)) }
        var folded = PatternList(ignoringCase: true)
        folded.append(iexclude)
        for path in iexcludeFile { folded.append(parsing: try patternFile(path)) }
        for pattern in exact.patterns + folded.patterns where !pattern.canMatch {
            throw UsageError(
                "the pattern \"\(printable(pattern.source))\" can never fit: a bracket or a backslash is left open"
            )
        }
        var selection = WalkSelection()
        let (sensitive, insensitive) = (exact, folded)
        if !exact.isEmpty || !folded.isEmpty || repository != nil {
            selection.excludes = { path, isDirectory in
                if path == repository { return true }
                let relative = path.span.extracting(droppingFirst: 1)
                return sensitive.decision(for: relative, isDirectory: isDirectory) == .excluded
                    || insensitive.decision(for: relative, isDirectory: isDirectory) == .excluded
            }
        }
        selection.excludesCaches = excludeCaches
        selection.markerFiles = try excludeIfPresent.map(marker)
        selection.largestFile = excludeLargerThan?.count
        selection.oneFileSystem = oneFileSystem
        return (selection, (exact.patterns + folded.patterns).map(\.source))
    }

    private func patternFile(_ path: String) throws -> [UInt8] {
        do {
            return try readSmallFile(path, limit: 16 << 20)
        } catch {
            throw UsageError("the file of patterns: \(error)")
        }
    }

    private func marker(_ text: String) throws -> (name: [UInt8], header: [UInt8]?) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, !name.contains("/") else {
            throw UsageError("\"\(text)\" is not the name of a file, or name and header joined by a colon")
        }
        return (Array(name.utf8), parts.count > 1 ? Array(parts[1].utf8) : nil)
    }
}
