import TestSupport
import Testing

/// Passwords that are typed: asked for on the terminal, twice when they are new, and never shown.
@Suite struct PromptTests {
    private func terminal(_ scenario: Scenario, _ arguments: String...) throws -> PseudoTerminal {
        try PseudoTerminal(
            [Program.binary] + arguments,
            environment: scenario.environment,
            directory: scenario.place.path
        )
    }

    @Test func newPasswordIsAskedForTwice() throws {
        let scenario = try Scenario()
        let terminal = try terminal(scenario, "init")
        try terminal.wait(for: "password for the new repository: ")
        terminal.type("typed-canary")
        try terminal.wait(for: "once more: ")
        terminal.type("typed-canary")
        let (outcome, shown) = terminal.finish()
        #expect(outcome.status == 0, "\(outcome.complaint)")
        #expect(!shown.contains("canary"))
        scenario.environment["HOLDFAST_PASSWORD"] = "typed-canary"
        try scenario.succeed("snapshots")
    }

    @Test func differentPasswordsMakeNoRepository() throws {
        let scenario = try Scenario()
        let terminal = try terminal(scenario, "init")
        try terminal.wait(for: "repository: ")
        terminal.type("one")
        try terminal.wait(for: "once more: ")
        terminal.type("another")
        let outcome = terminal.finish().outcome
        #expect(outcome.status == 64)
        #expect(outcome.complaint.contains("differ"))
        #expect(scenario.objects("").isEmpty)
    }

    @Test func passwordIsAskedForOnceToOpen() throws {
        let scenario = try Scenario.withPassword("typed-canary")
        scenario.environment["HOLDFAST_PASSWORD"] = nil
        let terminal = try terminal(scenario, "snapshots")
        try terminal.wait(for: "password for the repository: ")
        terminal.type("typed-canary")
        let (outcome, shown) = terminal.finish()
        #expect(outcome.status == 0, "\(outcome.complaint)")
        #expect(!shown.contains("canary"))
        #expect(outcome.text.contains("0 snapshots"))
    }

    @Test func interruptEndsThePrompt() throws {
        let scenario = try Scenario.withPassword("typed-canary")
        scenario.environment["HOLDFAST_PASSWORD"] = nil
        let terminal = try terminal(scenario, "snapshots")
        try terminal.wait(for: "password for the repository: ")
        // What the key sends is a character that the terminal turns into SIGINT.
        terminal.press("\u{3}")
        #expect(terminal.finish().outcome.status == 130)
    }

    @Test func stoppedAtThePromptTheTerminalShowsWhatIsTyped() throws {
        let scenario = try Scenario.withPassword("typed-canary")
        scenario.environment["HOLDFAST_PASSWORD"] = nil
        // A shell with job control, as the key that stops programs needs; it looks for its terminal on standard error.
        let script =
            "exec 2> /dev/tty; set -m; \(Program.binary) snapshots; stty -a < /dev/tty > settings; fg > /dev/null"
        let terminal = try PseudoTerminal(
            ["/bin/bash", "-c", script],
            environment: scenario.environment,
            directory: scenario.place.path
        )
        try terminal.wait(for: "password for the repository: ")
        terminal.press("\u{1A}")
        try terminal.wait(for: "password for the repository: ")
        terminal.type("typed-canary")
        let (outcome, shown) = terminal.finish()
        #expect(outcome.status == 0, "\(outcome.complaint)")
        #expect(!shown.contains("canary"))
        #expect(outcome.text.contains("0 snapshots"))
        let settings = try scenario.read("settings")
        #expect(settings.contains(" echo ") && !settings.contains("-echo "))
    }

    @Test func recoveryWordsCanBeTyped() throws {
        let scenario = try Scenario.withKeyFile()
        let kit = try #require(
            try scenario.succeed("recovery-kit", "create", "--json").summary()["recovery_kit"] as? String
        )
        let words = try #require(kit.split(separator: "Words:").last).split(separator: "\n\n")[0]
        let terminal = try terminal(scenario, "recovery-kit", "verify")
        try terminal.wait(for: "words of the recovery kit: ")
        terminal.type(
            words.split(whereSeparator: \.isWhitespace).filter { $0.first?.isLetter ?? false }.joined(separator: " ")
        )
        let (outcome, shown) = terminal.finish()
        #expect(outcome.status == 0, "\(outcome.complaint)")
        #expect(outcome.text.contains("opens repository"))
        #expect(shown.split(whereSeparator: \.isWhitespace).isEmpty)
    }
}
