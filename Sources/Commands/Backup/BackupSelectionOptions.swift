import ArgumentParser
import FileSystem
import Snapshots

/// What a backup leaves out.
struct BackupSelectionOptions: ParsableArguments {
    @OptionGroup var patterns: ExcludeOptions

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

    @Flag(help: "Also save what file systems of the kernel show that hold no data, such as /proc and /sys.")
    var includePseudo = false

    /// The selection that the options describe.
    ///
    /// - Parameter repository: the absolute path of the repository, which is never saved into itself.
    func selection(exceptFor repository: [UInt8]?) throws -> (selection: WalkSelection, patterns: [[UInt8]]) {
        let lists = try patterns.lists()
        var selection = WalkSelection()
        // By its identity: links and mounts may lead to it under other paths.
        if let repository, let status = try? Directory.open(path: repository).status() {
            selection.excludedDirectories = [status.identity]
        }
        if !lists.exact.isEmpty || !lists.folded.isEmpty {
            selection.excludes = { path, isDirectory in
                isExcluded(path, isDirectory: isDirectory, by: lists)
            }
        }
        selection.excludesCaches = excludeCaches
        selection.markerFiles = try excludeIfPresent.map(marker)
        selection.largestFile = excludeLargerThan?.count
        selection.oneFileSystem = oneFileSystem
        selection.includesPseudoFileSystems = includePseudo
        return (selection, (lists.exact.patterns + lists.folded.patterns).map(\.source))
    }

    private func marker(_ text: String) throws -> (name: [UInt8], header: [UInt8]?) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, !name.contains("/") else {
            throw UsageError("\"\(text)\" is not the name of a file, or name and header joined by a colon")
        }
        return (Array(name.utf8), parts.count > 1 ? Array(parts[1].utf8) : nil)
    }
}
