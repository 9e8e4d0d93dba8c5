import Foundation
import Testing

/// Passwords, key files and recovery kits over their lives.
@Suite struct KeyTests {
    @Test func passwordIsChanged() throws {
        let scenario = try Scenario.withPassword("first")
        try scenario.write("new", "second\n")
        try scenario.succeed("key", "passwd", "--new-password-file", scenario.path("new"))
        let old = try scenario.run("snapshots")
        #expect(old.status == 12)
        scenario.environment["HOLDFAST_PASSWORD"] = "second"
        try scenario.succeed("snapshots")
        #expect(try scenario.succeed("key", "list", "--json").summary()["keys"] as? Int == 1)
    }

    @Test(arguments: ["word\n", "word\r\n", "word"])
    func oneLineEndOfAPasswordFileDoesNotCount(content: String) throws {
        let scenario = try Scenario.withPassword("word")
        scenario.environment["HOLDFAST_PASSWORD"] = nil
        try scenario.write("password", content)
        scenario.environment["HOLDFAST_PASSWORD_FILE"] = scenario.path("password")
        try scenario.succeed("snapshots")
    }

    @Test func twoLineEndsAreAnotherPassword() throws {
        let scenario = try Scenario.withPassword("word")
        try scenario.write("password", "word\n\n")
        #expect(try scenario.run("snapshots", "-p", scenario.path("password")).status == 12)
    }

    @Test func optionsBeatVariablesAndTheirOrderCounts() throws {
        let scenario = try Scenario.withPassword("word")
        try scenario.write("wrong", "wrong")
        try scenario.write("right", "word")
        scenario.environment["HOLDFAST_PASSWORD_FILE"] = scenario.path("wrong")
        // HOLDFAST_PASSWORD comes first.
        try scenario.succeed("snapshots")
        scenario.environment["HOLDFAST_PASSWORD"] = "wrong"
        #expect(try scenario.run("snapshots").status == 12)
        try scenario.succeed("snapshots", "--password-file", scenario.path("right"))
        try scenario.succeed("snapshots", "--password-command", "cat right")
    }

    @Test func keysAreAddedAndRemoved() throws {
        let scenario = try Scenario.withKeyFile()
        let added = try scenario.succeed(
            "key",
            "add",
            "--new-key-file",
            scenario.path("second"),
            "--label",
            "the other",
            "--json"
        )
        let id = try #require(try added.summary()["key"] as? String)
        try scenario.succeed("snapshots", "--key-file", scenario.path("second"))
        let listed = try scenario.succeed("key", "list", "--json").lines().filter {
            $0["message_type"] as? String == "key"
        }
        #expect(listed.map { $0["label"] as? String }.contains("the other"))
        #expect(listed.filter { $0["current"] as? Bool == true }.count == 1)
        try scenario.succeed("key", "remove", String(id.prefix(8)))
        let removed = try scenario.run("snapshots", "--key-file", scenario.path("second"))
        #expect(removed.status == 12)
        #expect(removed.complaint.contains("removed") || removed.complaint.contains("not in the repository"))
    }

    @Test(arguments: [false, true])
    func newMachineRestoresFromTheKitAlone(wordsOnly: Bool) throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/file", "content")
        try scenario.succeed("backup", "-q", "data")
        try scenario.succeed("recovery-kit", "create", "--output", scenario.path("kit"))
        if wordsOnly {
            let words = try #require(try scenario.read("kit").split(separator: "Words:").last).split(separator: "\n\n")[
                0
            ]
            try scenario.write("kit", words.uppercased())
        }
        // Another home, no key, no memory.
        scenario.environment["HOLDFAST_KEY_FILE"] = nil
        scenario.environment["HOME"] = scenario.path("elsewhere")
        try scenario.succeed(
            "--recovery-kit",
            scenario.path("kit"),
            "restore",
            "latest:" + scenario.path("data"),
            "--target",
            scenario.path("out")
        )
        #expect(try scenario.read("out/file") == "content")
        scenario.environment["HOLDFAST_RECOVERY_WORDS_FILE"] = scenario.path("kit")
        try scenario.succeed("check", "--read-data")
        try scenario.succeed("recovery-kit", "verify", scenario.path("kit"))
    }

    @Test func kitRecognisesARollBack() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/file", "first")
        try scenario.succeed("backup", "-q", "data")
        #expect(try scenario.shell("cp -a repository older").status == 0)
        try scenario.write("data/file", "second, longer")
        try scenario.succeed("backup", "-q", "data")
        try scenario.succeed("recovery-kit", "create", "--output", scenario.path("kit"))
        scenario.environment["HOLDFAST_KEY_FILE"] = nil
        scenario.environment["HOME"] = scenario.path("elsewhere")
        // The policy that made the kit's key valid is hidden: the kit says so.
        let rolledBack = try scenario.run(
            "-r",
            scenario.path("older"),
            "--recovery-kit",
            scenario.path("kit"),
            "snapshots"
        )
        #expect(rolledBack.status == 12 || rolledBack.status == 20)
        // Only the newest commit is hidden.
        for commit in scenario.objects("commits").filter({ $0.contains("/0000000002-") }) {
            try FileManager.default.removeItem(atPath: commit)
        }
        let withheld = try scenario.run("--recovery-kit", scenario.path("kit"), "snapshots")
        #expect(withheld.status == 20, "\(withheld.complaint)")
        #expect(withheld.complaint.contains("rolled back"))
        let verified = try scenario.run("recovery-kit", "verify", scenario.path("kit"))
        #expect(verified.status == 20)
    }

    @Test func mistypedWordIsNamed() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.succeed("recovery-kit", "create", "--output", scenario.path("kit"))
        let kit = try scenario.read("kit")
        let word = try #require(kit.split(separator: "\n").first { $0.contains("  3 ") }?.split(separator: " ")[5])
        try scenario.write("wrong", kit.replacingOccurrences(of: " \(word)", with: " xyzzy"))
        let outcome = try scenario.run("recovery-kit", "verify", scenario.path("wrong"))
        #expect(outcome.status == 12)
        #expect(outcome.complaint.contains("xyzzy"))
    }
}
