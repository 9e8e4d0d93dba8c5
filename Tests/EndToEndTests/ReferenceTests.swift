import Foundation
import Testing

/// What is generated from the commands is up to date, and what shells need is well-formed.
@Suite struct ReferenceTests {
    @Test func referenceIsWhatTheCommandsSay() throws {
        let page = ExampleTests.root.appendingPathComponent("docs/cli-reference.md")
        let generated = try Scenario().succeed("generate-reference").text
        #expect(
            try String(contentsOf: page, encoding: .utf8) == generated,
            "docs/cli-reference.md is out of date: holdfast generate-reference > docs/cli-reference.md"
        )
    }

    @Test func exitStatusesAreDocumented() throws {
        let page = try String(
            contentsOf: ExampleTests.root.appendingPathComponent("docs/scripting.md"),
            encoding: .utf8
        )
        for status in [0, 1, 3, 10, 11, 12, 20, 64, 130] { #expect(page.contains("\n| \(status) | ")) }
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func completionScriptNamesTheCommands(shell: String) throws {
        let script = try Scenario().succeed("completions", shell).text
        for command in ["backup", "recovery-kit", "read-data-subset"] { #expect(script.contains(command)) }
        if shell == "bash" {
            #expect(try Scenario().shell("$HOLDFAST completions bash | bash -n").status == 0)
        }
    }

    @Test func everyGlobalOptionMayStandBeforeTheCommand() throws {
        let scenario = try Scenario.withKeyFile()
        let key = scenario.path("key")
        for options in [
            ["-r", scenario.path("repository")], ["--repo", scenario.path("repository")],
            ["--repository=" + scenario.path("repository")], ["--key-file", key], ["--json"], ["-q"], ["-vv"],
            ["--no-cache"], ["--cache-dir", scenario.path("cache")], ["--state-dir", scenario.path("state")],
        ] {
            try scenario.start(options + ["key", "list"]).expectSuccess(options)
            try scenario.start(["key", "list"] + options).expectSuccess(options)
        }
    }

    @Test func versionIsPrinted() throws {
        let scenario = try Scenario()
        let version = try scenario.succeed("--version").text
        #expect(version.hasPrefix("holdfast "))
        #expect(try scenario.succeed("version").text == version)
    }
}

extension Program {
    fileprivate func expectSuccess(_ options: [String]) {
        let outcome = wait()
        #expect(outcome.status == 0, "\(options): \(outcome.complaint)")
    }
}
