import Foundation
import TestSupport
import Testing

/// Forgetting as a user does it.
@Suite struct ForgetTests {
    /// A repository with a snapshot on each of some days.
    private func scenario(days: Int, perDay: Int = 1) throws -> Scenario {
        let scenario = try Scenario.withKeyFile()
        for day in 1...days {
            for hour in 0..<perDay {
                try scenario.write("data/file", "day \(day), \(hour)")
                let date = day < 10 ? "0\(day)" : "\(day)"
                try scenario.succeed(
                    "backup",
                    "-q",
                    "data",
                    "--dataset",
                    "d",
                    "--time",
                    "2026-03-\(date) 1\(hour):00:00"
                )
            }
        }
        return scenario
    }

    private func times(_ scenario: Scenario, _ arguments: String...) throws -> [String] {
        let outcome = try scenario.start(["snapshots", "--json"] + arguments).wait()
        return try outcome.lines().compactMap {
            $0["message_type"] as? String == "snapshot" ? $0["time"] as? String : nil
        }
        .map { String($0.prefix(13)) }
    }

    @Test func rulesKeepAndSayWhy() throws {
        let scenario = try scenario(days: 5, perDay: 2)
        let dry = try scenario.succeed("forget", "--keep-daily", "3", "--dry-run", "--json")
        let lines = try dry.lines().filter { $0["message_type"] as? String == "snapshot" }
        #expect(lines.count == 10)
        #expect(lines.allSatisfy { !(($0["reasons"] as? [String]) ?? []).isEmpty })
        #expect(lines.filter { $0["action"] as? String == "keep" }.count == 3)
        #expect(try dry.summary()["snapshots_removed"] as? Int == 7)
        #expect(try times(scenario).count == 10)
        let real = try scenario.succeed("forget", "--keep-daily", "3", "--json").summary()
        #expect(real["snapshots_removed"] as? Int == 7)
        #expect(real["commits_deleted"] as? Int == 7)
        #expect(try times(scenario) == ["2026-03-03T11", "2026-03-04T11", "2026-03-05T11"])
        #expect(scenario.objects("commits").count == 3)
        #expect(scenario.objects("forgotten").count == 1)
        // The gap is no alarm, here or on a machine that remembers nothing; what is left can be restored.
        try scenario.succeed("check", "--read-data")
        scenario.environment["HOLDFAST_STATE_DIR"] = scenario.path("other-state")
        try scenario.succeed("check")
        try scenario.succeed("check", "--no-keys")
        try scenario.succeed("restore", "latest", "-q", "--target", scenario.path("out"), "--verify")
        // And the chain goes on.
        try scenario.succeed("backup", "-q", "data", "--dataset", "d")
        try scenario.succeed("check")
        #expect(try scenario.succeed("forget", "--keep-last", "unlimited").text.contains("forgot 0 snapshots"))
    }

    @Test func textSaysWhatStaysAndGoes() throws {
        let scenario = try scenario(days: 3)
        let text = try scenario.succeed("forget", "--keep-last", "1", "-n").text
        #expect(text.contains("would keep 1 snapshot:"))
        #expect(text.contains("last snapshot"))
        #expect(text.contains("would forget 2 snapshots:"))
        #expect(text.contains("older than the last snapshots to keep"))
        #expect(try times(scenario).count == 3)
        #expect(try scenario.succeed("forget", "--keep-last", "-1").text.contains("forgot 0 snapshots"))
    }

    @Test func idsAreForgottenAndStayForgotten() throws {
        let scenario = try scenario(days: 3)
        let id = try #require(try scenario.succeed("snapshots", "--json").lines()[1]["id"] as? String)
        try scenario.succeed("forget", id)
        #expect(try times(scenario).count == 2)
        let again = try scenario.run("forget", id)
        #expect(again.status == 1)
        #expect(again.complaint.contains("was forgotten"))
    }

    @Test func theLastCompleteSnapshotNeedsAFlag() throws {
        let scenario = try scenario(days: 2)
        let ids = try scenario.succeed("snapshots", "--json").lines().compactMap { $0["id"] as? String }
        let refused = try scenario.run("forget", ids[0], ids[1])
        #expect(refused.status == 1)
        #expect(refused.complaint.contains("last complete snapshot"))
        #expect(refused.complaint.contains("--unsafe-allow-remove-all"))
        #expect(try scenario.run("forget", "--keep-tag", "none").status == 1)
        #expect(try times(scenario).count == 2)
        try scenario.succeed("forget", ids[0], ids[1], "--unsafe-allow-remove-all")
        #expect(try scenario.succeed("snapshots", "--json").summary()["snapshots"] as? Int == 0)
        try scenario.succeed("check")
    }

    @Test func manyAtOnceNeedAWord() throws {
        let scenario = try scenario(days: 25)
        let refused = try scenario.run("forget", "--keep-last", "2")
        #expect(refused.status == 1)
        #expect(refused.complaint.contains("23 of 25 snapshots"))
        #expect(try times(scenario).count == 25)
        try scenario.succeed("forget", "--keep-last", "2", "--max-remove", "95")
        #expect(try times(scenario).count == 2)
    }

    @Test func tagsThatReplaceGoWithTheirSnapshot() throws {
        let scenario = try scenario(days: 2)
        try scenario.succeed("tag", "--add", "x", "latest~1")
        #expect(scenario.objects("commits").count == 3)
        #expect(try scenario.succeed("forget", "--keep-last", "1", "--json").summary()["commits_deleted"] as? Int == 2)
        #expect(try times(scenario) == ["2026-03-02T10"])
        try scenario.succeed("check")
    }

    @Test func groupsAreJudgedApart() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/file", "x")
        for host in ["one", "two"] {
            for dataset in ["a", "b"] {
                for _ in 0..<2 { try scenario.succeed("backup", "-q", "data", "--dataset", dataset, "--host", host) }
            }
        }
        func removed(_ arguments: String...) throws -> Int? {
            try scenario.start(["forget", "--keep-last", "1", "-n", "--json"] + arguments).wait().summary()[
                "snapshots_removed"
            ] as? Int
        }
        #expect(try removed() == 4)
        // Each dataset keeps its last snapshot, whatever the groups.
        #expect(try scenario.run("forget", "--keep-last", "1", "-n", "--group-by", "host").status == 1)
        #expect(try removed("--group-by", "host", "--unsafe-allow-remove-all") == 6)
        #expect(try removed("--group-by", "", "--unsafe-allow-remove-all") == 7)
        #expect(try removed("--host", "one") == 2)
        #expect(try removed("--dataset", "a", "--host", "two") == 1)
        #expect(try scenario.run("forget", "--keep-last", "1", "--group-by", "colour").status == 64)
    }

    @Test func nonsenseIsUsage() throws {
        let scenario = try Scenario.withKeyFile()
        #expect(try scenario.run("forget").status == 64)
        #expect(try scenario.run("forget", "--keep-daily", "-5").status == 64)
        #expect(try scenario.run("forget", "--keep-within", "5x").status == 64)
        #expect(try scenario.run("forget", "--keep-daily", "0").status == 64)
        #expect(try scenario.run("forget", "abcd", "--keep-daily", "1").status == 64)
    }

    @Test("Row 4: what was deleted behind the program's back is an alarm everywhere, and stops forget")
    func row4DeletedCommit() throws {
        let scenario = try scenario(days: 4)
        let commit = try #require(scenario.objects("commits").dropFirst().first)
        try FileManager.default.removeItem(atPath: commit)
        for command in [["snapshots"], ["check"], ["restore", "latest", "--target", scenario.path("out")]] {
            let outcome = try scenario.start(command).wait()
            #expect(outcome.status == 20, "\(command)")
            #expect(outcome.complaint.contains("commits 2 to 2 of member"))
            #expect(outcome.complaint.contains("host "))
        }
        // What is there can be restored all the same.
        #expect(try scenario.read("out" + scenario.path("data/file")) == "day 4, 0")
        let refused = try scenario.run("forget", "--keep-last", "1")
        #expect(refused.status == 20)
        #expect(try times(scenario).count == 3)
        #expect(try scenario.run("forget", "--keep-last", "1", "--despite-problems").status == 20)
        #expect(try times(scenario).count == 1)
    }

    @Test("Row 4: a store that was rolled back as a whole is recognised by a host that remembers")
    func row4RolledBackStore() throws {
        let scenario = try scenario(days: 2)
        #expect(try scenario.shell("cp -r repository old").status == 0)
        try scenario.succeed("backup", "-q", "data", "--dataset", "d")
        try scenario.succeed("forget", "--keep-last", "2")
        #expect(try scenario.shell("rm -r repository && mv old repository").status == 0)
        for command in [["snapshots"], ["check"], ["restore", "latest", "--target", scenario.path("out")]] {
            let outcome = try scenario.start(command).wait()
            #expect(outcome.status == 20, "\(command)")
            #expect(outcome.complaint.contains("seen commit 3"))
            #expect(outcome.complaint.contains("records of forgotten commits"))
        }
    }
}
