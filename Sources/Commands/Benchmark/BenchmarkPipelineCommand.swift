import ArgumentParser
import Chunking
import Repository
import Snapshots

/// Measures the ceiling of a first backup.
struct BenchmarkPipelineCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline",
        abstract: "Process files in memory as a first backup does, and store nothing.",
        discussion: """
            Files are read slice by slice; then, with the clock running, all processors cut, hash, name, compress, \
            encrypt and read back what is in memory, by the code that a backup uses. What a backup takes longer is \
            the cost of reading files and writing packs.
            """
    )

    @Argument(help: ArgumentHelp("Files and directories.", valueName: "path"))
    var paths: [String]

    @Option(
        help: ArgumentHelp(
            "off, fastest, default, better, max, zstd[:level] or zlib[:level].",
            valueName: "setting"
        )
    )
    var compression = "default"

    @Option(help: ArgumentHelp("How files are cut: fast, prf or fixed:<size>.", valueName: "method"))
    var chunker: ChunkerSetting = .fast

    @Flag(help: "Do not read back what was encrypted, as with backup --no-extra-verify.")
    var noExtraVerify = false

    @Option(help: ArgumentHelp("Threads; by default one for each processor.", valueName: "n"))
    var threads: Int?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// Refuses numbers that mean nothing.
    func validate() throws {
        if let threads, !(1...256).contains(threads) { throw ValidationError("--threads must be 1 to 256.") }
    }

    func run(_ session: Session) throws -> ExitStatus {
        var options = PipelineBenchmark.Options(
            paths: try paths.map { try absolutePath(RawArguments.bytes(of: $0)) }
        )
        do {
            options.compression = try CompressionSetting(parsing: compression)
        } catch {
            throw UsageError("--compression: \(error)")
        }
        options.chunker = try chunker.parameters()
        options.verifies = !noExtraVerify
        options.threadCount = threads
        options.isCancelled = { Cancellation.isRequested }
        let result = try PipelineBenchmark(options).run()
        let speed = result.seconds > 0 ? Double(result.byteCount) / result.seconds : 0
        guard session.output.isJSON else {
            try session.output.line(
                """
                \(Format.count(result.fileCount, "file")), \(Format.bytes(result.byteCount)) in \
                \(seconds(result.seconds)) s on \(Format.count(result.threadCount, "thread")): \
                \(Format.bytes(UInt64(speed))) a second, \(seconds(result.processorSeconds)) processor seconds, \
                \(Format.bytes(result.storedByteCount)) of packs
                """
            )
            return .success
        }
        try session.output.record([
            "message_type": "summary", "files": .integer(Int64(result.fileCount)),
            "bytes": .unsigned(result.byteCount), "pack_bytes": .unsigned(result.storedByteCount),
            "seconds": .number(result.seconds), "cpu_seconds": .number(result.processorSeconds),
            "threads": .integer(Int64(result.threadCount)), "bytes_per_second": .number(speed.rounded()),
        ])
        return .success
    }
}

/// Seconds with two decimals.
func seconds(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
}
