import Foundation
import Testing

/// What somebody with a stolen writer's key can do to retention, through the program.
@Suite struct StolenWriterCommandTests {
    private func withMembers() throws -> Scenario {
        let scenario = try Scenario.withKeyFile()
        for role in ["manager", "writer", "reader"] {
            try scenario.succeed(
                "member",
                "invite",
                "--name",
                role,
                "--role",
                role,
                "--new-key-file",
                scenario.path(role)
            )
        }
        try scenario.write("data/file", "content")
        return scenario
    }

    private func become(_ key: String, _ home: String, _ scenario: Scenario) throws {
        scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path(key)
        scenario.environment["HOLDFAST_STATE_DIR"] = scenario.path(home + "/state")
        scenario.environment["HOLDFAST_CACHE_DIR"] = scenario.path(home + "/cache")
        try FileManager.default.createDirectory(atPath: scenario.path(home), withIntermediateDirectories: true)
    }

    private func ids(_ scenario: Scenario) throws -> [String] {
        try scenario.start(["snapshots", "--json"]).wait().lines()
            .compactMap { $0["message_type"] as? String == "snapshot" ? $0["id"] as? String : nil }
    }

    @Test("Row 7: floods, snapshots dated back and ahead push nothing out", arguments: ["manager", "key"])
    func row7AgeOut(_ judge: String) throws {
        let scenario = try withMembers()
        try become("writer", "host", scenario)
        for _ in 0..<3 {
            try scenario.succeed("backup", "-q", "data", "--dataset", "d", "--host", "h", "--interval", "1d")
        }
        try become(judge, "office", scenario)
        let honest = try ids(scenario)
        #expect(honest.count == 3)
        // The manager looks, so that what comes later is known to come later.
        try scenario.succeed("check")
        #expect(scenario.objects("receipts").count == 3)
        try become("writer", "thief", scenario)
        for time in ["2001-01-01", "2026-01-01", "2090-01-01", "now", "now", "now", "now"] {
            try scenario.succeed(
                "backup",
                "-q",
                "data",
                "--dataset",
                "d",
                "--host",
                "h",
                "--time",
                time,
                "--interval",
                "1h",
                "--tag",
                "t"
            )
        }
        try become(judge, "office", scenario)
        for rule in ["--keep-last", "--keep-hourly", "--keep-daily"] {
            let kept = try scenario.succeed("forget", rule, "2", "-n", "--json").lines()
                .filter { $0["action"] as? String == "keep" }.compactMap { $0["id"] as? String }
            // All of one interval: the first stands for it in slots of a day, in shorter ones all stay.
            #expect(kept.contains { $0 == honest[0] }, "\(rule)")
            if rule != "--keep-daily" { #expect(Set(kept).isSuperset(of: honest), "\(rule)") }
        }
        try scenario.succeed("forget", "--keep-last", "1")
        #expect(try Set(ids(scenario)).isSuperset(of: honest))
        let times = try scenario.succeed("forget", "--keep-last", "1", "-n", "--json").lines()
            .compactMap { $0["effective_time"] as? String }
        #expect(times.allSatisfy { !$0.hasPrefix("2001") && !$0.hasPrefix("2090") })
    }

    @Test("Row 7: who only writes or reads can neither forget, hold nor rewrite", arguments: ["writer", "reader"])
    func row7Rights(_ key: String) throws {
        let scenario = try withMembers()
        for _ in 0..<2 { try scenario.succeed("backup", "-q", "data") }
        let id = try #require(try ids(scenario).first)
        try become(key, "elsewhere", scenario)
        for command in [
            ["forget", id], ["forget", "--keep-last", "1"], ["hold", "add", id, "--reason", "r"],
            ["hold", "remove", id],
            ["rewrite", "--exclude", "file"], ["rewrite", id, "--exclude", "file", "--forget"],
        ] {
            #expect(try scenario.start(command).wait().status == 1, "\(command)")
        }
        try become("key", "office", scenario)
        #expect(try ids(scenario).count == 2)
        #expect(scenario.objects("forgotten").isEmpty)
        #expect(scenario.objects("holds").isEmpty)
        try scenario.succeed("check")
    }

    @Test func managersForgetAndAreOverruledByOwnersHolds() throws {
        let scenario = try withMembers()
        for _ in 0..<3 { try scenario.succeed("backup", "-q", "data") }
        let all = try ids(scenario)
        try scenario.succeed("hold", "add", all[0], "--reason", "audit")
        try become("manager", "office", scenario)
        #expect(try scenario.run("hold", "remove", all[0]).status == 1)
        try scenario.succeed("forget", "--keep-last", "1")
        #expect(try ids(scenario) == [all[0], all[2]])
        try scenario.succeed("rewrite", "latest", "--exclude", "file", "--forget")
        try become("key", "desk", scenario)
        try scenario.succeed("check")
        try scenario.succeed("hold", "remove", all[0])
        try scenario.succeed("forget", all[0])
        try scenario.succeed("check")
    }
}
