import ArgumentParser
import FileSystem
import Repository

/// Measures an index of made-up chunks.
struct BenchmarkIndexCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Build an index of made-up chunks and look chunks up in it.",
        discussion: """
            Tables are written and merged as in runs, 56 bytes a chunk, in a temporary directory that is removed. Half \
            of the look-ups are for chunks that are not there. The memory is what is resident and anonymous; the tables \
            are mapped files and not in it.
            """
    )

    @Option(help: ArgumentHelp("How many chunks.", valueName: "n"))
    var chunks = 10_000_000

    @Option(help: ArgumentHelp("How many look-ups.", valueName: "n"))
    var lookups = 4_000_000

    @Option(help: ArgumentHelp("How many threads look up at once.", valueName: "n"))
    var threads = 1

    @Option(help: ArgumentHelp("Where to work: a directory that is new or empty.", valueName: "directory"))
    var directory: String?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// Refuses numbers that mean nothing.
    func validate() throws {
        if !(1...1_000_000_000).contains(chunks) { throw ValidationError("--chunks must be 1 to 1000000000.") }
        if !(1...1_000_000_000).contains(lookups) { throw ValidationError("--lookups must be 1 to 1000000000.") }
        if !(1...256).contains(threads) { throw ValidationError("--threads must be 1 to 256.") }
    }

    func run(_ session: Session) throws -> ExitStatus {
        let place = try ScratchPlace(directory, purpose: "benchmark")
        defer { try? place.remove() }
        let benchmark = IndexBenchmark(directory: place.directory, chunkCount: chunks)
        let result = try benchmark.run(lookupCount: lookups, threadCount: threads)
        try print(result, session.output)
        guard result.wrongAnswerCount == 0 else {
            throw RepositoryError(.integrity, "\(result.wrongAnswerCount) look-ups gave the wrong answer")
        }
        return .success
    }

    private func print(_ result: IndexBenchmark.Result, _ output: Output) throws {
        if output.isJSON {
            return try output.record([
                "message_type": "summary", "chunks": .integer(Int64(result.chunkCount)),
                "tables": .integer(Int64(result.tableCount)), "build_seconds": .number(result.buildSeconds),
                "lookups": .integer(Int64(result.lookupCount)), "lookup_seconds": .number(result.lookupSeconds),
                "lookup_cpu_seconds": .number(result.lookupProcessorSeconds),
                "threads": .integer(Int64(result.threadCount)),
                "lookups_per_second": .number(result.lookupsPerSecond.rounded()),
                "wrong_answers": .integer(Int64(result.wrongAnswerCount)),
                "peak_anonymous_bytes": .unsigned(result.peakAnonymousByteCount),
            ])
        }
        try output.line(
            """
            \(Format.count(result.chunkCount, "chunk")) in \(Format.count(result.tableCount, "table")), built in \
            \(seconds(result.buildSeconds)) s; \(Format.count(Int(result.lookupsPerSecond), "look-up")) a second on \
            \(Format.count(result.threadCount, "thread")) (\(Format.count(result.lookupCount, "look-up")) in \
            \(seconds(result.lookupProcessorSeconds)) processor seconds); \(Format.bytes(result.peakAnonymousByteCount)) of anonymous \
            memory at most
            """
        )
    }
}
