import Foundation
import Testing

/// Members with keys of their own, through the program.
@Suite struct MemberTests {
    /// A repository with an owner, one member of each other role, and three snapshots.
    private static func withMembers() throws -> Scenario {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/file", "content")
        try scenario.succeed("backup", "-q", "data")
        for role in ["manager", "writer", "reader", "replica"] {
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
        try scenario.write("data/more", "more content")
        try scenario.succeed("backup", "-q", "data")
        scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path("writer")
        try scenario.succeed("backup", "-q", "data")
        scenario.environment["HOLDFAST_KEY_FILE"] = nil
        try FileManager.default.moveItem(atPath: scenario.path("key"), toPath: scenario.path("owner"))
        return scenario
    }

    /// Each command with its statuses for owner, manager, writer, reader and replica.
    ///
    /// `FILE`, `OUT` and `NEW` stand for the saved file, a fresh path and a fresh name.
    private static let matrix: [(command: String, statuses: [Int32])] = [
        ("snapshots", [0, 0, 0, 0, 0]),
        ("ls latest", [0, 0, 1, 0, 1]),
        ("find file", [0, 0, 1, 0, 1]),
        ("stats", [0, 0, 1, 0, 1]),
        ("diff latest~1 latest", [0, 0, 1, 0, 1]),
        ("cat latest:FILE", [0, 1, 1, 0, 1]),
        ("dump latest FILE", [0, 1, 1, 0, 1]),
        ("restore latest --target OUT", [0, 1, 1, 0, 1]),
        ("check", [0, 0, 0, 0, 0]),
        ("check --read-data", [0, 0, 0, 0, 0]),
        ("check --no-keys", [0, 0, 0, 0, 0]),
        ("key list", [0, 0, 0, 0, 0]),
        ("member list", [0, 0, 0, 0, 0]),
        ("domain list", [0, 0, 0, 0, 0]),
        ("backup -q data", [0, 0, 0, 1, 1]),
        ("backup -q --force data", [0, 0, 0, 1, 1]),
        ("backup -q --dry-run data", [0, 0, 0, 1, 1]),
        ("backup -q --parent latest data", [0, 0, 1, 1, 1]),
        ("tag --add NEW latest", [0, 0, 1, 1, 1]),
        ("forget --keep-last 1 --dry-run", [0, 0, 1, 1, 1]),
        ("key add --new-key-file OUT", [0, 1, 1, 1, 1]),
        ("key passwd --new-key-file OUT --help", [0, 0, 0, 0, 0]),
        ("recovery-kit create --output OUT", [0, 1, 1, 1, 1]),
        ("member invite --name NEW --role reader --new-key-file OUT", [0, 1, 1, 1, 1]),
        ("domain add NEW", [0, 1, 1, 1, 1]),
        ("member revoke VICTIM", [0, 1, 1, 1, 1]),
        ("key rotate", [0, 1, 1, 1, 1]),
        ("snapshots", [0, 0, 0, 0, 0]),
        ("backup -q data", [0, 0, 0, 1, 1]),
        ("restore latest --target OUT", [0, 1, 1, 0, 1]),
        ("check --read-data", [0, 0, 0, 0, 0]),
    ]

    @Test("Row 15: every command of every role ends as the role's rights say")
    func row15RolesAndCommands() throws {
        let scenario = try MemberTests.withMembers()
        scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path("owner")
        try scenario.succeed(
            "member",
            "invite",
            "--name",
            "victim",
            "--role",
            "reader",
            "--new-key-file",
            scenario.path("victim")
        )
        for (number, line) in MemberTests.matrix.enumerated() {
            // The owner comes last, so that others meet what is not done yet.
            for (column, role) in ["owner", "manager", "writer", "reader", "replica"].enumerated().reversed() {
                scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path(role)
                let out = scenario.path("out-\(number)-\(role)")
                let arguments = line.command.split(separator: " ").map { word in
                    word.replacingOccurrences(of: "FILE", with: scenario.path("data/file"))
                        .replacingOccurrences(of: "OUT", with: out)
                        .replacingOccurrences(of: "NEW", with: "new-\(number)")
                        .replacingOccurrences(of: "VICTIM", with: "victim")
                }
                let outcome = try scenario.start(arguments).wait()
                #expect(outcome.status == line.statuses[column], "\(role): \(line.command): \(outcome.complaint)")
                if outcome.status == 1 {
                    #expect(outcome.complaint.contains("may") || outcome.complaint.contains("owner"))
                    #expect(!outcome.text.contains("content"))
                    let left = FileManager.default.enumerator(atPath: out)?.compactMap { $0 as? String } ?? []
                    #expect(left.allSatisfy { !$0.hasSuffix("file") && !$0.hasSuffix("more") }, "\(role): \(left)")
                }
            }
        }
        scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path("victim")
        #expect(try scenario.run("snapshots").status == 12)
    }

    @Test func aServerIsEnrolledByOneCommandOnEachSide() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/file", "content")
        scenario.environment["HOLDFAST_KEY_FILE"] = nil
        let joined = try scenario.succeed("member", "join", "--name", "web1", "--new-key-file", scenario.path("web1"))
        let line = try #require(joined.text.split(separator: "\n").first.map(String.init))
        #expect(joined.text.split(separator: "\n").count == 1)
        #expect(try scenario.modes(below: "web1")[""] == 0o600)
        // Nothing secret in it.
        let seed = try #require(try scenario.read("web1").split(separator: "\n").first { $0.hasPrefix("seed: ") })
        #expect(!line.contains(seed.dropFirst(6)))
        // It is never overwritten.
        let again = try scenario.run("member", "join", "--name", "web1", "--key-file", scenario.path("web1"))
        #expect(again.status == 64)
        scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path("web1")
        let early = try scenario.run("backup", "data")
        #expect(early.status == 12)
        #expect(early.complaint.contains("member add"))
        scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path("key")
        let added = try scenario.succeed("member", "add", line, "--role", "writer", "--valid-for", "1y", "--json")
        let record = try #require(try added.lines().first)
        #expect(record["role"] as? String == "writer" && record["name"] as? String == "web1")
        #expect(record["valid_until"] != nil)
        #expect(try scenario.run("member", "add", line, "--role", "reader").status == 1)
        #expect(try scenario.run("member", "add", String(line.dropLast()), "--role", "reader").status == 1)
        scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path("web1")
        try scenario.succeed("backup", "-q", "data")
        // Night after night, nothing is stored twice.
        let packs = scenario.objects("packs").count
        let second = try scenario.succeed("backup", "data", "--json").summary()
        #expect(second["files_unmodified"] as? Int == 1)
        #expect(scenario.objects("packs").count == packs)
        let listed = try scenario.succeed("snapshots", "--json")
        #expect(try listed.lines().filter { $0["message_type"] as? String == "sealed_snapshot" }.count == 2)
        #expect(!listed.text.contains("data"))
    }

    @Test func aStolenReaderSeesNothingOfWhatComesAfterARotation() throws {
        let scenario = try MemberTests.withMembers()
        #expect(try scenario.shell("cp reader stolen && cp -r repository before").status == 0)
        scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path("owner")
        let revoked = try scenario.succeed("member", "revoke", "reader")
        #expect(revoked.complaint.contains("key rotate"))
        try scenario.succeed("key", "rotate")
        try scenario.write("data/late", "what the thief must not see")
        scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path("writer")
        try scenario.succeed("backup", "-q", "data")
        scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path("stolen")
        for command in ["snapshots", "check", "restore latest --target \(scenario.path("out"))"] {
            let outcome = try scenario.start(command.split(separator: " ").map(String.init)).wait()
            #expect(outcome.status == 12)
        }
        // With the old policies and slots beside the new packs, on a host without memory: old snapshots open, new do not.
        let merged = try scenario.shell(
            "cp -r repository merged && rm -r merged/policy merged/keys && cp -r before/policy before/keys merged/"
        )
        #expect(merged.status == 0)
        scenario.environment["HOME"] = scenario.path("elsewhere")
        scenario.environment["HOLDFAST_REPOSITORY"] = scenario.path("merged")
        let outcome = try scenario.run("restore", "latest", "--target", scenario.path("out"))
        #expect(outcome.status == 20)
        #expect(!FileManager.default.fileExists(atPath: scenario.path("out") + scenario.path("data/late")))
        let old = try scenario.run("snapshots", "--json")
        #expect(try old.lines().filter { $0["message_type"] as? String == "snapshot" }.count == 3)
        scenario.environment["HOLDFAST_REPOSITORY"] = scenario.path("repository")
        scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path("owner")
        scenario.environment["HOME"] = scenario.path("home")
        try scenario.succeed("check", "--read-data")
        try scenario.succeed("restore", "latest", "--target", scenario.path("whole"))
    }

    @Test func domainsSeparateTenants() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/file", "content of a tenant")
        try scenario.succeed("domain", "add", "tenant")
        for (name, role, domain) in [("w", "writer", "tenant"), ("r", "reader", "tenant"), ("o", "reader", "default")] {
            try scenario.succeed(
                "member",
                "invite",
                "--name",
                name,
                "--role",
                role,
                "--domain",
                domain,
                "--new-key-file",
                scenario.path(name)
            )
        }
        try scenario.succeed("backup", "-q", "data")
        try scenario.succeed("backup", "-q", "--domain", "tenant", "data")
        #expect(try scenario.run("backup", "-q", "--domain", "nowhere", "data").status == 1)
        scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path("w")
        try scenario.succeed("backup", "-q", "data")
        #expect(try scenario.run("backup", "-q", "--domain", "default", "data").status == 1)
        for (name, count) in [("r", 2), ("o", 1), ("key", 3)] {
            scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path(name)
            let lines = try scenario.succeed("snapshots", "--json").lines()
            #expect(lines.filter { $0["message_type"] as? String == "snapshot" }.count == count, "\(name)")
            try scenario.succeed("restore", "latest", "--target", scenario.path("out-" + name))
            try scenario.succeed("check", "--read-data")
        }
    }
}
