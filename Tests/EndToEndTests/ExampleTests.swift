import Foundation
import Testing

/// The examples in keys.example are read as they stand there, and refused because everybody knows them.
@Suite struct ExampleTests {
    /// The top of the checkout.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private let example: String

    init() throws {
        example = try String(contentsOf: ExampleTests.root.appendingPathComponent("keys.example"), encoding: .utf8)
    }

    private func refusal(_ arguments: String..., environment: [String: String] = [:]) throws -> String {
        let scenario = try Scenario.withKeyFile()
        scenario.environment["HOLDFAST_KEY_FILE"] = nil
        for (name, value) in environment { scenario.environment[name] = value }
        try scenario.write("keys.example", example)
        let words = example.split(separator: "\n").filter {
            $0.hasPrefix("#") && $0.contains(" babad ") || $0.contains(" bubat ") || $0.contains(" dobin ")
        }
        try scenario.write("words", words.map { $0.dropFirst() }.joined(separator: "\n"))
        let outcome = try scenario.start(arguments).wait()
        #expect(outcome.status == 12)
        #expect(!FileManager.default.fileExists(atPath: scenario.path("new")))
        return outcome.complaint
    }

    @Test func keyFile() throws {
        #expect(try refusal("snapshots", "--key-file", "keys.example").contains("keys.example, which everybody knows"))
    }

    @Test func memberKeyFile() throws {
        let lines = example.split(separator: "\n").filter { $0.hasPrefix("#      ") && $0.contains(": ") }
            .map { $0.dropFirst(7) }
        let start = try #require(lines.firstIndex { $0.hasPrefix("holdfast-member: ") })
        let scenario = try Scenario.withKeyFile()
        try scenario.write("member", lines[start..<(start + 5)].joined(separator: "\n") + "\n")
        let outcome = try scenario.run("snapshots", "--key-file", scenario.path("member"))
        #expect(outcome.status == 12)
        #expect(outcome.complaint.contains("keys.example, which everybody knows"))
    }

    @Test func recoveryWords() throws {
        #expect(try refusal("snapshots", "--recovery-kit", "words").contains("keys.example, which everybody knows"))
    }

    @Test(arguments: [["snapshots"], ["-r", "new", "init"]])
    func password(_ command: [String]) throws {
        let line = try #require(example.split(separator: "\n").first { $0.hasPrefix("#      example-") })
        let password = line.dropFirst().trimmingCharacters(in: .whitespaces)
        let scenario = try Scenario.withKeyFile()
        scenario.environment["HOLDFAST_PASSWORD"] = password
        let outcome = try scenario.start(command).wait()
        #expect(outcome.status == 12)
        #expect(outcome.complaint.contains("everybody knows"))
        #expect(!FileManager.default.fileExists(atPath: scenario.path("new")))
    }

    @Test func everyVariableIsMentioned() throws {
        for name in ["HOLDFAST_PASSWORD", "HOLDFAST_PASSWORD_FILE", "HOLDFAST_PASSWORD_COMMAND", "HOLDFAST_KEY_FILE"] {
            #expect(
                example.contains(name) || example.contains(name.replacingOccurrences(of: "HOLDFAST_PASSWORD", with: ""))
            )
        }
    }
}
