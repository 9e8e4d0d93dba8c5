import Foundation
import TestSupport
import Testing

/// Holds, rewriting and copying as a user does them.
@Suite struct RetainingTests {
    private func scenario(snapshots: Int) throws -> Scenario {
        let scenario = try Scenario.withKeyFile()
        for number in 1...snapshots {
            try scenario.write("data/file", "content \(number)")
            try scenario.write("data/secret/key", "secret \(number)")
            try scenario.succeed("backup", "-q", "data", "--dataset", "d", "--time", "2026-03-0\(number) 10:00:00")
        }
        return scenario
    }

    private func ids(_ scenario: Scenario, _ arguments: String...) throws -> [String] {
        try scenario.start(["snapshots", "--json"] + arguments).wait().lines()
            .compactMap { $0["message_type"] as? String == "snapshot" ? $0["id"] as? String : nil }
    }

    // MARK: Holds

    @Test func whatIsOnHoldStays() throws {
        let scenario = try scenario(snapshots: 4)
        let ids = try ids(scenario)
        try scenario.succeed("hold", "add", ids[0], "--reason", "case 7")
        let held = try scenario.succeed("hold", "list", "--json").lines()
        #expect(held.first?["snapshot_id"] as? String == ids[0])
        #expect(held.first?["reason"] as? String == "case 7")
        #expect(try scenario.succeed("hold", "list").text.contains("case 7"))
        // Neither rules nor ids nor flags forget it.
        let dry = try scenario.succeed("forget", "--keep-last", "1", "-n", "--json").lines()
        #expect(dry.first?["reasons"] as? [String] == ["on hold: case 7"])
        let refused = try scenario.run("forget", ids[0], "--unsafe-allow-remove-all")
        #expect(refused.status == 1)
        #expect(refused.complaint.contains("on hold: case 7"))
        try scenario.succeed("forget", "--keep-last", "1")
        #expect(try self.ids(scenario) == [ids[0], ids[3]])
        // New tags do not take it off, nor does a rewrite lose the old commit.
        try scenario.succeed("tag", "--add", "x", ids[0])
        #expect(try scenario.run("forget", ids[0]).complaint.contains("on hold: case 7"))
        #expect(try scenario.run("rewrite", ids[0], "--exclude", "secret", "--forget").status == 1)
        try scenario.succeed("check")
        try scenario.succeed("hold", "remove", ids[0])
        #expect(try scenario.succeed("hold", "list", "--json").summary()["holds"] as? Int == 0)
        #expect(try scenario.run("hold", "remove", ids[0]).status == 1)
        try scenario.succeed("forget", ids[0])
        #expect(try self.ids(scenario) == [ids[3]])
        try scenario.succeed("check")
    }

    @Test func holdsNeedAReasonAndMayEnd() throws {
        let scenario = try scenario(snapshots: 1)
        #expect(try scenario.run("hold", "add", "latest").status == 64)
        #expect(try scenario.run("hold", "add", "latest", "--reason", "r", "--until", "2020-01-01").status == 64)
        try scenario.succeed("hold", "add", "latest", "--reason", "r", "--until", "2099-01-01")
        let held = try scenario.succeed("hold", "list", "--json").lines()
        #expect((held.first?["until"] as? String)?.hasPrefix("2099-01-01") ?? false)
    }

    // MARK: Rewriting

    @Test func rewritingLeavesPathsOut() throws {
        let scenario = try scenario(snapshots: 2)
        let old = try ids(scenario)
        let dry = try scenario.succeed("rewrite", "--exclude", "secret", "-n", "--json").summary()
        #expect(dry["changed_snapshots"] as? Int == 2)
        #expect(try ids(scenario) == old)
        let lines = try scenario.succeed("rewrite", "--exclude", "secret", "--json").lines()
        #expect(lines.first?["removed_entries"] as? Int == 2)
        #expect(lines.first?["removed_bytes"] as? Int == 8)
        let new = try ids(scenario)
        #expect(new.count == 2)
        #expect(Set(new).isDisjoint(with: old))
        let list = try scenario.succeed("ls", new[0]).text
        #expect(list.contains("/data/file"))
        #expect(!list.contains("secret"))
        // The rest is what it was, by old id as well.
        try scenario.succeed("restore", old[0], "-q", "--target", scenario.path("out"), "--verify")
        #expect(try scenario.read("out" + scenario.path("data/file")) == "content 1")
        #expect(!FileManager.default.fileExists(atPath: scenario.path("out") + scenario.path("data/secret")))
        try scenario.succeed("check", "--read-data")
        // Nothing is left to do, and the old commits are there until they are forgotten.
        #expect(
            try scenario.succeed("rewrite", "--exclude", "secret", "--json").summary()["changed_snapshots"] as? Int == 0
        )
        #expect(scenario.objects("commits").count == 4)
        // Time and place stay.
        let times = try scenario.succeed("snapshots", "--json").lines().compactMap { $0["time"] as? String }
        #expect(times.map { $0.prefix(10) } == ["2026-03-01", "2026-03-02"])
    }

    @Test func rewritingForgetsTheOldWhenAsked() throws {
        let scenario = try scenario(snapshots: 3)
        try scenario.succeed("rewrite", "latest", "--exclude", "/**/secret", "--forget")
        #expect(scenario.objects("commits").count == 3)
        try scenario.succeed("check", "--read-data")
        try scenario.succeed("backup", "-q", "data", "--dataset", "d")
        try scenario.succeed("check")
        // A host's name and time.
        try scenario.succeed(
            "rewrite",
            "latest",
            "--new-host",
            "other",
            "--new-time",
            "2026-05-05 05:05:05",
            "--forget"
        )
        let last = try #require(try scenario.succeed("snapshots", "--json", "--host", "other").lines().first)
        #expect((last["time"] as? String)?.hasPrefix("2026-05-05T05:05:05") ?? false)
        try scenario.succeed("check")
        #expect(try scenario.run("rewrite").status == 64)
    }

    // MARK: Copying

    /// A second repository, which the first one's key opens for copying.
    private func copying(_ scenario: Scenario) throws -> [String: String] {
        var environment = scenario.environment
        environment["HOLDFAST_FROM_REPOSITORY"] = environment["HOLDFAST_REPOSITORY"]
        environment["HOLDFAST_FROM_KEY_FILE"] = environment["HOLDFAST_KEY_FILE"]
        environment["HOLDFAST_REPOSITORY"] = scenario.path("copy")
        environment["HOLDFAST_KEY_FILE"] = nil
        let source = scenario.environment
        scenario.environment = environment
        try scenario.succeed("init", "--new-key-file", scenario.path("copy-key"))
        environment["HOLDFAST_KEY_FILE"] = scenario.path("copy-key")
        scenario.environment = source
        return environment
    }

    @Test func copiesAreWhatTheOriginalsAre() throws {
        let scenario = try scenario(snapshots: 2)
        // Large, small, sparse, linked, with attributes.
        #expect(
            try scenario.shell(
                """
                head -c 9000000 /dev/urandom > data/large; ln data/large data/linked; ln -s file data/link
                truncate -s 3M data/sparse; printf end >> data/sparse; : > data/empty; mkfifo data/pipe
                for i in $(seq 300); do head -c $((i * 37)) /dev/urandom > data/small$i; done
                setfattr -n user.note -v hello data/file 2>/dev/null || true
                """
            ).status == 0
        )
        try scenario.succeed("backup", "-q", "data", "--dataset", "d", "--tag", "a,b", "--host", "elsewhere")
        let originals = try scenario.succeed("snapshots", "--json").lines().filter { $0["id"] != nil }
        let source = scenario.environment
        let target = try copying(scenario)
        scenario.environment = target
        let first = try scenario.succeed("copy", "--json")
        #expect(try first.summary()["snapshots_copied"] as? Int == 3)
        let copies = try scenario.succeed("snapshots", "--json").lines().filter { $0["id"] != nil }
        #expect(copies.count == 3)
        for (original, copy) in zip(originals, copies) {
            for field in ["time", "hostname", "dataset", "username"] {
                #expect(original[field] as? String == copy[field] as? String)
            }
            for field in ["tags", "paths"] { #expect(original[field] as? [String] == copy[field] as? [String]) }
            #expect(copy["original"] as? String == original["id"] as? String)
            #expect(copy["id"] as? String != original["id"] as? String)
        }
        try scenario.succeed("check", "--read-data")
        try scenario.succeed("restore", "latest", "-q", "--target", scenario.path("out"), "--verify")
        #expect(
            try scenario.shell("diff -r --no-dereference data out\(scenario.path("data")) 2>&1 | grep -v pipe").text
                .isEmpty
        )
        // Chunks of one repository say nothing about the other: no pack is the same.
        let packs = Set(scenario.objects("packs").map { ($0 as NSString).lastPathComponent })
        let copied = try scenario.shell("find copy/packs -type f -printf '%f\\n'").text.split(separator: "\n").map(
            String.init
        )
        #expect(packs.isDisjoint(with: copied))
        // Again: all are there. One more: it alone is copied, and little is read.
        #expect(try scenario.succeed("copy", "--json").summary()["snapshots_skipped"] as? Int == 3)
        scenario.environment = source
        try scenario.write("data/new", "new")
        try scenario.succeed("backup", "-q", "data", "--dataset", "d", "--host", "elsewhere")
        try scenario.succeed("tag", "--add", "c", "latest~1")
        scenario.environment = target
        let lines = try scenario.succeed("copy", "--json").lines()
        #expect(lines.last?["snapshots_copied"] as? Int == 1)
        #expect(lines.first?["bytes_read"] as? Int == 3)
        try scenario.succeed("check", "--read-data")
    }

    @Test func filtersChooseWhatIsCopied() throws {
        let scenario = try scenario(snapshots: 2)
        scenario.environment = try copying(scenario)
        try scenario.succeed("copy", "latest")
        #expect(try ids(scenario).count == 1)
        #expect(try scenario.succeed("copy", "--host", "nobody", "--json").summary()["snapshots_copied"] as? Int == 0)
    }

    @Test func damageIsNotCopied() throws {
        let scenario = try scenario(snapshots: 1)
        #expect(
            try scenario.shell(
                "for f in repository/packs/*/*; do printf X | dd of=$f bs=1 seek=420 conv=notrunc status=none; done"
            ).status == 0
        )
        scenario.environment = try copying(scenario)
        let outcome = try scenario.run("copy", "--json")
        #expect(outcome.status == 20)
        #expect(try ids(scenario).isEmpty)
        try scenario.succeed("check")
    }

    @Test func copyingSaysWhatItLacks() throws {
        let scenario = try scenario(snapshots: 1)
        let missing = try scenario.run("copy")
        #expect(missing.status == 64)
        #expect(missing.complaint.contains("--from-repo"))
        let same = try scenario.run(
            "copy",
            "--from-repo",
            scenario.path("repository"),
            "--from-key-file",
            scenario.path("key")
        )
        #expect(same.status == 1)
        #expect(same.complaint.contains("the same repository"))
    }
}
