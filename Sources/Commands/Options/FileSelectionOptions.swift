import ArgumentParser
import FileSystem
import Repository
import Snapshots

/// What a restore, or another command on the files of a snapshot, takes.
struct FileSelectionOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Only what fits a pattern in the syntax of .gitignore.")
    var include: [String] = []

    @Option(help: "The same, whether letters are capital or small.")
    var iinclude: [String] = []

    @Option(help: ArgumentHelp("A file of such patterns, one a line.", valueName: "file"))
    var includeFile: [String] = []

    @Option(help: ArgumentHelp("The same, whether letters are capital or small.", valueName: "file"))
    var iincludeFile: [String] = []

    @Option(name: .shortAndLong, help: "All but what fits a pattern in the syntax of .gitignore.")
    var exclude: [String] = []

    @Option(help: "The same, whether letters are capital or small.")
    var iexclude: [String] = []

    @Option(help: ArgumentHelp("A file of such patterns, one a line.", valueName: "file"))
    var excludeFile: [String] = []

    @Option(help: ArgumentHelp("The same, whether letters are capital or small.", valueName: "file"))
    var iexcludeFile: [String] = []

    /// Refuses ways of choosing that contradict each other.
    func validate() throws {
        let includes = !(include + iinclude + includeFile + iincludeFile).isEmpty
        let excludes = !(exclude + iexclude + excludeFile + iexcludeFile).isEmpty
        if includes && excludes {
            throw ValidationError("Patterns to include and patterns to exclude cannot be mixed: give one kind.")
        }
    }

    /// Whether nothing narrows the selection down.
    var isEverything: Bool {
        (include + iinclude + includeFile + iincludeFile + exclude + iexclude + excludeFile + iexcludeFile).isEmpty
    }

    /// The selection that the options and arguments describe.
    ///
    /// - Parameters:
    ///   - paths: literal paths given as arguments.
    ///   - root: the path behind the snapshot, from which paths without a leading slash count.
    func selection(_ paths: [String] = [], below root: [UInt8] = []) throws -> RestoreSelection {
        if !paths.isEmpty {
            guard isEverything else {
                throw UsageError("literal paths and patterns cannot be mixed: give one kind")
            }
            return try .paths(paths.map { snapshotPath(RawArguments.bytes(of: $0), below: root) })
        }
        let includes = try PatternPair(include, iinclude, includeFile, iincludeFile)
        let excludes = try PatternPair(exclude, iexclude, excludeFile, iexcludeFile)
        if !includes.isEmpty { return .deciding { includes.decideIncluded($0, $1) } }
        if !excludes.isEmpty { return .deciding { excludes.matches($0, $1) ? .skip : .take } }
        return .everything
    }
}

/// Patterns that mind the case of letters, and such that do not.
private struct PatternPair: Sendable {
    private var exact = PatternList(isFloating: true)
    private var folded = PatternList(ignoringCase: true, isFloating: true)

    init(_ exact: [String], _ folded: [String], _ exactFiles: [String], _ foldedFiles: [String]) throws {
        self.exact.append(exact)
        self.folded.append(folded)
        for path in exactFiles { self.exact.append(parsing: try PatternPair.read(path)) }
        for path in foldedFiles { self.folded.append(parsing: try PatternPair.read(path)) }
        for pattern in self.exact.patterns + self.folded.patterns where !pattern.canMatch {
            throw UsageError(
                "the pattern \"\(printable(pattern.source))\" can never fit: a bracket or a backslash is left open"
            )
        }
    }

    var isEmpty: Bool { exact.isEmpty && folded.isEmpty }

    func matches(_ path: [UInt8], _ isDirectory: Bool) -> Bool {
        exact.decision(for: path, isDirectory: isDirectory) == .excluded
            || folded.decision(for: path, isDirectory: isDirectory) == .excluded
    }

    /// What lies below something that fits is taken as well; anywhere else something further down may fit.
    func decideIncluded(_ path: [UInt8], _ isDirectory: Bool) -> RestoreDecision {
        if matches(path, isDirectory) { return .take }
        for index in path.indices.dropFirst() where path[index] == UInt8(ascii: "/") {
            if matches(Array(path[..<index]), true) { return .take }
        }
        return isDirectory ? .pass : .skip
    }

    private static func read(_ path: String) throws -> [UInt8] {
        do {
            return try readSmallFile(path, limit: 16 << 20)
        } catch {
            throw UsageError("the file of patterns: \(error)")
        }
    }
}
