import FileSystem
import Foundation
import TestSupport
import Testing

/// A directory with a home, a repository and something to save, for one test.
final class Scenario {
    /// Where everything lies.
    let place: TemporaryDirectory
    /// The environment of every run.
    var environment: [String: String]

    /// The path of something in the scenario.
    func path(_ name: String) -> String { place.path(name) }

    /// Makes an empty home, without a repository.
    init() throws {
        place = try TemporaryDirectory()
        environment = [
            "PATH": "/usr/bin:/bin", "HOME": place.path("home"), "TZ": "UTC", "LANG": "C.UTF-8",
            "HOLDFAST_REPOSITORY": place.path("repository"),
        ]
        try place.directory.makeDirectory(Array("home".utf8))
    }

    /// Makes a repository that a key file opens: no password has to be stretched, so that commands start quickly.
    static func withKeyFile() throws -> Scenario {
        let scenario = try Scenario()
        try scenario.succeed("init", "--new-key-file", scenario.path("key"))
        scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path("key")
        return scenario
    }

    /// Makes a repository that a password opens.
    static func withPassword(_ password: String) throws -> Scenario {
        let scenario = try Scenario()
        scenario.environment["HOLDFAST_PASSWORD"] = password
        try scenario.succeed("init")
        return scenario
    }

    /// Starts the program.
    func start(_ arguments: [String], input: Int32? = nil, output: Int32? = nil) throws -> Program {
        try Program(
            ([Program.binary] + arguments).map { Array($0.utf8) },
            environment: environment,
            directory: place.path,
            input: input,
            output: output
        )
    }

    /// Runs the program to its end.
    @discardableResult
    func run(_ arguments: String...) throws -> Outcome { try start(arguments).wait() }

    /// Runs the program to its end, which must be a success.
    @discardableResult
    func succeed(_ arguments: String..., location: SourceLocation = #_sourceLocation) throws -> Outcome {
        let outcome = try start(arguments).wait()
        try #require(
            outcome.status == 0,
            "holdfast \(arguments.joined(separator: " ")): \(outcome.complaint)",
            sourceLocation: location
        )
        return outcome
    }

    /// Runs a script of the shell, in which `$HOLDFAST` is the program.
    ///
    /// Files get the usual modes, whatever the umask of the tests is.
    func shell(_ script: String) throws -> Outcome {
        var variables = environment
        variables["HOLDFAST"] = Program.binary
        return try Program(
            ["/bin/bash", "-c", "umask 022\n" + script].map { Array($0.utf8) },
            environment: variables,
            directory: place.path
        ).wait()
    }

    /// Writes a file, with the directories above it.
    func write(_ name: String, _ content: String) throws {
        let url = URL(fileURLWithPath: path(name))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content.utf8).write(to: url)
    }

    /// The content of a file.
    func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path(name))), as: UTF8.self)
    }

    /// The permission bits of everything below a path, by path.
    func modes(below name: String) throws -> [String: Int] {
        let root = path(name)
        var modes: [String: Int] = [:]
        for item in [""] + (FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []) {
            let whole = item.isEmpty ? root : root + "/" + item
            let attributes = try FileManager.default.attributesOfItem(atPath: whole)
            modes[item] = attributes[.posixPermissions] as? Int
        }
        return modes
    }

    /// Paths of files in the repository below a folder.
    func objects(_ folder: String) -> [String] {
        let root = path("repository/" + folder)
        return (FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? [])
            .map { root + "/" + $0 }
            .filter {
                (try? FileManager.default.attributesOfItem(atPath: $0)[.type] as? FileAttributeType) == .typeRegular
            }
            .sorted()
    }
}

/// The objects of JSON lines; fails the test where a line is none.
func jsonLines(_ bytes: [UInt8], location: SourceLocation = #_sourceLocation) throws -> [[String: Any]] {
    try bytes.split(separator: UInt8(ascii: "\n")).map { line in
        let value = try? JSONSerialization.jsonObject(with: Data(line))
        return try #require(
            value as? [String: Any],
            "no JSON object: \(String(decoding: line, as: UTF8.self))",
            sourceLocation: location
        )
    }
}

extension Outcome {
    /// Standard output as JSON lines.
    func lines(location: SourceLocation = #_sourceLocation) throws -> [[String: Any]] {
        try jsonLines(output, location: location)
    }

    /// The last JSON line, which must be a summary.
    func summary(location: SourceLocation = #_sourceLocation) throws -> [String: Any] {
        let last = try #require(try lines(location: location).last, sourceLocation: location)
        #expect(last["message_type"] as? String == "summary", sourceLocation: location)
        return last
    }
}
