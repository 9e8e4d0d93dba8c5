package import FileSystem
internal import Foundation

/// A small file system in memory, mounted for one test; it needs root.
package final class SmallFileSystem: Sendable {
    /// Where it is mounted.
    package let path: String

    /// Its root directory.
    package var directory: Directory {
        get throws { try Directory.open(path: Array(path.utf8)) }
    }

    private let mountPoint: TemporaryDirectory

    /// Whether this process may mount file systems.
    package static let isPossible: Bool = {
        guard geteuid() == 0, let trial = try? SmallFileSystem(kibibytes: 64) else { return false }
        return !trial.path.isEmpty
    }()

    /// Mounts an empty tmpfs with room for so much.
    package init(kibibytes: Int) throws {
        mountPoint = try TemporaryDirectory()
        path = mountPoint.path
        try run("/bin/mount", ["-t", "tmpfs", "-o", "size=\(kibibytes)k", "holdfast-test", path])
    }

    deinit {
        // Lazily, for a failed test may still hold a file open.
        try? run("/bin/umount", ["-l", path])
    }
}

/// A program that was run for a test and failed.
package struct ProgramFailure: Error {
    /// What was run.
    package let command: String
    /// Its exit status.
    package let status: Int32
}

/// Runs a program to its end; throws unless it exits with 0.
package func run(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        let command = ([program] + arguments).joined(separator: " ")
        throw ProgramFailure(command: command, status: process.terminationStatus)
    }
}
