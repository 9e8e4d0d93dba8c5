import ArgumentParser
import FileSystem
import Snapshots

/// Patterns of what is left out.
struct ExcludeOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: "Leave out what fits a pattern in the syntax of .gitignore: from / on if it begins so, else at any depth."
    )
    var exclude: [String] = []

    @Option(help: "The same, whether letters are capital or small.")
    var iexclude: [String] = []

    @Option(help: ArgumentHelp("A file of patterns, one a line.", valueName: "file"))
    var excludeFile: [String] = []

    @Option(help: ArgumentHelp("The same, whether letters are capital or small.", valueName: "file"))
    var iexcludeFile: [String] = []

    /// Whether no option was given.
    var isEmpty: Bool { exclude.isEmpty && iexclude.isEmpty && excludeFile.isEmpty && iexcludeFile.isEmpty }

    /// The patterns: those that mind the size of letters, and those that do not.
    ///
    /// - Throws: `UsageError` for files that cannot be read and patterns that can never fit.
    func lists() throws -> (exact: PatternList, folded: PatternList) {
        var exact = PatternList(isFloating: true)
        exact.append(exclude)
        for path in excludeFile { exact.append(parsing: try patternFile(path)) }
        var folded = PatternList(ignoringCase: true, isFloating: true)
        folded.append(iexclude)
        for path in iexcludeFile { folded.append(parsing: try patternFile(path)) }
        for pattern in exact.patterns + folded.patterns where !pattern.canMatch {
            throw UsageError(
                "the pattern \"\(printable(pattern.source))\" can never fit: a bracket or a backslash is left open"
            )
        }
        return (exact, folded)
    }

    private func patternFile(_ path: String) throws -> [UInt8] {
        do {
            return try readSmallFile(path, limit: 16 << 20)
        } catch {
            throw UsageError("the file of patterns: \(error)")
        }
    }
}

/// Whether patterns leave out an absolute path.
func isExcluded(_ path: [UInt8], isDirectory: Bool, by lists: (exact: PatternList, folded: PatternList)) -> Bool {
    let relative = path.span.extracting(droppingFirst: 1)
    return lists.exact.decision(for: relative, isDirectory: isDirectory) == .excluded
        || lists.folded.decision(for: relative, isDirectory: isDirectory) == .excluded
}
