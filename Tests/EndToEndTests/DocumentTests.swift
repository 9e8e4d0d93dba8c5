import Foundation
import TestSupport
import Testing

/// The commands that README.md and docs/operations.md show, run as they stand there, at other paths.
@Suite struct DocumentTests {
    /// The blocks of shell commands below a heading.
    private func blocks(_ file: String, below heading: String) throws -> [String] {
        let text = try String(contentsOf: ExampleTests.root.appendingPathComponent(file), encoding: .utf8)
        let lines = text.components(separatedBy: "\n")
        let start = try #require(lines.firstIndex { $0.hasPrefix("#") && $0.hasSuffix(" " + heading) })
        let level = lines[start].prefix { $0 == "#" }.count
        var blocks: [String] = []
        var block: [String]?
        for line in lines[(start + 1)...] {
            let trimmed = line.trimmingCharacters(in: .whitespaces)
            if let open = block {
                if trimmed == "```" { blocks.append(open.joined(separator: "\n")) }
                block = trimmed == "```" ? nil : open + [trimmed]
            } else if trimmed == "```sh" {
                block = []
            } else if line.hasPrefix("#"), line.prefix(while: { $0 == "#" }).count <= level {
                break
            }
        }
        try #require(!blocks.isEmpty)
        return blocks
    }

    /// Runs a block, line by line as a script that ends at the first failure.
    private func run(_ block: String, in scenario: Scenario, moving paths: [(String, String)]) throws -> Outcome {
        var script = block
        for (path, place) in paths { script = script.replacingOccurrences(of: path, with: scenario.path(place)) }
        scenario.environment["PATH"] = scenario.path("bin") + ":/usr/bin:/bin"
        let outcome = try scenario.shell("set -euo pipefail\n" + script)
        #expect(outcome.status == 0, "\(script)\n\(outcome.text)\n\(outcome.complaint)")
        return outcome
    }

    private func scenario() throws -> Scenario {
        let scenario = try Scenario()
        let made = try scenario.shell("mkdir -p bin srv .build/release && ln -s $HOLDFAST bin/holdfast")
        #expect(made.status == 0, "\(made.complaint)")
        return scenario
    }

    @Test func quickStart() throws {
        let scenario = try scenario()
        scenario.environment["HOLDFAST_REPOSITORY"] = nil
        try scenario.write("home/Documents/letter.txt", "Dear reader")
        try scenario.write("home/Documents/more/figures.csv", "1,2\n")
        let block = try blocks("README.md", below: "Quick start with your own files")[0]
        #expect(block.contains("holdfast backup ~/Documents"))
        let outcome = try run(
            block,
            in: scenario,
            moving: [("/srv/backup", "srv/backup"), ("/tmp/restored", "restored")]
        )
        #expect(outcome.text.contains("1 snapshot"))
        let restored = "restored" + scenario.path("home/Documents")
        #expect(try scenario.shell("diff -r home/Documents \(restored)").status == 0)
        #expect(try scenario.read("home/recovery-kit.txt").contains("Words:"))
    }

    @Test func operations() throws {
        let scenario = try scenario()
        let paths = [
            ("/srv/data", "srv/data"), ("/etc", "etc"), ("/restored", "restored"), ("/tmp/drill", "drill"),
            ("/mnt/backup/repository", "repository"), ("/root/holdfast-password", "password"),
        ]
        try scenario.write("password", "correct horse battery staple\n")
        try scenario.write("etc/fstab", "# nothing\n")
        try scenario.write("srv/data/crm.sqlite", String(repeating: "row ", count: 5000))
        try scenario.write("srv/data/invoice-2026-1.txt", "1 EUR\n")
        let variables = try blocks("docs/operations.md", below: "Setting up")[0].components(separatedBy: "\n")
            // The kit is typed in by a person.
            .filter { !$0.contains("recovery-kit verify") }.joined(separator: "\n")
        _ = try run(variables, in: scenario, moving: paths)
        scenario.environment["HOLDFAST_PASSWORD_FILE"] = scenario.path("password")
        _ = try scenario.succeed("backup", "-q", scenario.path("etc"), scenario.path("srv/data"))
        for heading in ["Every day", "Trusting it", "Restoring"] {
            let block = try blocks("docs/operations.md", below: heading)[0]
            #expect(block.contains("holdfast "))
            try scenario.write("srv/data/later", heading)
            let outcome = try run(block, in: scenario, moving: paths)
            if heading == "Every day" { #expect(outcome.text.contains("/srv/data/later")) }
        }
        #expect(try scenario.read("restored" + scenario.path("etc/fstab")) == "# nothing\n")
        scenario.environment["HOLDFAST_PASSWORD_FILE"] = nil
        try FileManager.default.copyItem(atPath: scenario.path("kit.txt"), toPath: scenario.path("words.txt"))
        let rescue = try blocks("docs/operations.md", below: "On a new machine")[0]
        #expect(rescue.contains("restore latest"))
        #expect(try scenario.shell("rm -r restored home/.local").status == 0)
        _ = try run(rescue, in: scenario, moving: paths)
        #expect(try scenario.read("restored" + scenario.path("srv/data/invoice-2026-1.txt")) == "1 EUR\n")
    }
}
