import ArgumentParser
import FileSystem
import Glibc
import Repository
import Snapshots

/// What a backup saves.
struct BackupSourceOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("What to save; with --stdin-from-command the command.", valueName: "path"))
    var paths: [String] = []

    @Option(
        help: ArgumentHelp(
            "Save what a file names, a pattern of the shell a line; - is standard input.",
            valueName: "file"
        )
    )
    var filesFrom: [String] = []

    @Option(help: ArgumentHelp("Save what a file names, a path a line, taken literally.", valueName: "file"))
    var filesFromVerbatim: [String] = []

    @Option(help: ArgumentHelp("Save what a file names, paths ended by zero bytes.", valueName: "file"))
    var filesFromRaw: [String] = []

    @Flag(help: "Save what comes from standard input, as one file.")
    var stdin = false

    @Flag(help: "Run a command (write -- before it) and save what it prints; if it fails nothing is saved.")
    var stdinFromCommand = false

    @Option(help: ArgumentHelp("The name of the file that --stdin makes.", valueName: "name"))
    var stdinFilename = "stdin"

    /// Refuses what contradicts itself.
    func validate() throws {
        let lists = filesFrom.count + filesFromVerbatim.count + filesFromRaw.count
        if stdin && stdinFromCommand {
            throw ValidationError("--stdin and --stdin-from-command contradict each other: give one of them.")
        }
        if stdinFromCommand, paths.isEmpty {
            throw ValidationError("--stdin-from-command lacks its command: write it behind --.")
        }
        if stdin, !paths.isEmpty {
            throw ValidationError("With --stdin no paths are saved: leave them out.")
        }
        if stdin || stdinFromCommand, lists > 0 {
            throw ValidationError("A stream and lists of files cannot be saved in one snapshot.")
        }
        if !stdin, !stdinFromCommand, paths.isEmpty, lists == 0 {
            throw ValidationError("Nothing to save: name a path, --files-from or --stdin.")
        }
        if stdinFilename.isEmpty || stdinFilename.contains("/") || [".", ".."].contains(stdinFilename) {
            throw ValidationError("--stdin-filename must be the name of a file, without slashes.")
        }
    }

    /// The absolute paths to save, each once.
    func absolutePaths() throws -> [[UInt8]] {
        var found: [[UInt8]] = paths.map { RawArguments.bytes(of: $0) }
        for file in filesFrom {
            for line in try list(file, separator: UInt8(ascii: "\n")) {
                let line = trimmed(line)
                if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
                found += try expanded(line)
            }
        }
        for file in filesFromVerbatim { found += try list(file, separator: UInt8(ascii: "\n")).filter { !$0.isEmpty } }
        for file in filesFromRaw { found += try list(file, separator: 0).filter { !$0.isEmpty } }
        guard !found.isEmpty else { throw UsageError("nothing to save: the lists of files are empty") }
        var seen: Set<[UInt8]> = []
        let paths = try found.map(absolutePath).filter { seen.insert($0).inserted }
        // A single missing path is reported by the backup, which saves the others.
        guard paths.contains(where: exists) else {
            throw RepositoryError(
                .invalidRequest,
                "nothing to save: \(printable(paths[0])) does not exist"
                    + (paths.count > 1 ? ", nor does any other of the \(paths.count) paths" : "")
            )
        }
        return paths
    }

    /// The name of the dataset if none is given: what is saved, so that each selection has a history of its own.
    func defaultDataset(_ absolute: [[UInt8]]) -> String {
        if stdin || stdinFromCommand { return stdinFilename }
        if let list = filesFrom.first ?? filesFromVerbatim.first ?? filesFromRaw.first, paths.isEmpty {
            return "files from \(safeLine(list))"
        }
        let names = absolute.map(printable).sorted()
        let joined = names.joined(separator: " ")
        return joined.utf8.count <= 512 ? joined : "\(names[0]) and \(names.count - 1) more"
    }

    private func list(_ file: String, separator: UInt8) throws -> [[UInt8]] {
        do {
            return try readSmallFile(file, limit: 1 << 30)
                .split(separator: separator, omittingEmptySubsequences: true).map(Array.init)
        } catch {
            throw UsageError("the list of files: \(error)")
        }
    }

    private func trimmed(_ line: [UInt8]) -> [UInt8] {
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0D]
        let rest = line.drop { blanks.contains($0) }
        let end = rest.lastIndex { !blanks.contains($0) }.map { $0 + 1 } ?? rest.startIndex
        return Array(rest[rest.startIndex..<end])
    }

    /// The paths that a pattern of the shell stands for (glob(3)).
    private func expanded(_ pattern: [UInt8]) throws -> [[UInt8]] {
        var result = unsafe glob_t()
        defer { unsafe globfree(&result) }
        let status = unsafe (pattern + [0]).withUnsafeBufferPointer { buffer -> Int32 in
            guard let start = buffer.baseAddress else { return GLOB_NOMATCH }
            return unsafe start.withMemoryRebound(to: CChar.self, capacity: buffer.count) {
                unsafe glob($0, 0, nil, &result)
            }
        }
        guard status == 0 else {
            throw UsageError("nothing fits the pattern \"\(printable(pattern))\" in the list of files")
        }
        return unsafe (0..<Int(result.gl_pathc)).compactMap { index in
            unsafe result.gl_pathv[index].map { path in
                unsafe Array(UnsafeBufferPointer(start: path, count: strlen(path))).map { UInt8(bitPattern: $0) }
            }
        }
    }
}
