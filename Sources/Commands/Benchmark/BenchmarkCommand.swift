import ArgumentParser

/// Measures parts of the program on this machine.
struct BenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark",
        abstract: "Measure what this machine can reach: the backup pipeline in memory, or the index.",
        subcommands: [BenchmarkPipelineCommand.self, BenchmarkIndexCommand.self]
    )
}
