import Foundation
import TestSupport
import Testing

/// The commands over each kind of remote place, through the program itself.
struct RemoteTests {
    /// A whole life of a repository: made, saved to, listed, tagged, checked, restored, compared.
    private func wholeWay(_ scenario: Scenario, _ location: String, _ options: [String] = []) throws {
        @discardableResult
        func run(_ arguments: String...) throws -> Outcome {
            let outcome = try scenario.start(["--repo", location] + options + arguments).wait()
            try #require(outcome.status == 0, "\(arguments) at \(location): \(outcome.complaint)")
            return outcome
        }
        let before = try scenario.start(["--repo", location] + options + ["snapshots", "--key-file", "none"]).wait()
        #expect(before.status == 10, "\(before.complaint)")
        try run("init", "--new-key-file", scenario.path("key"))
        scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path("key")
        try scenario.write("data/a/small.txt", "first")
        try scenario.write("data/b/large.txt", String(repeating: "0123456789abcdef", count: 200_000))
        try run("backup", scenario.path("data"))
        try scenario.write("data/a/small.txt", "second")
        let second = try run("backup", "--json", scenario.path("data")).summary()
        #expect((second["data_added"] as? Int ?? 0) < 1_000_000, "what is stored already is sent again: \(second)")
        #expect(try run("snapshots", "--json").text.contains(scenario.path("data")))
        try run("tag", "--add", "kept", "latest")
        try run("check", "--read-data")
        try run("restore", "latest", "--target", scenario.path("out"), "--verify")
        #expect(try scenario.read("out" + scenario.path("data/a/small.txt")) == "second")
        #expect(try scenario.read("out" + scenario.path("data/b/large.txt")).utf8.count == 3_200_000)
        let again = try scenario.start(["--repo", location] + options + ["init", "--new-key-file", "second"]).wait()
        #expect(again.status == 1, "a second init: \(again.complaint)")
    }

    @Test
    func sftp() throws {
        let scenario = try Scenario()
        let server = try SSHServer()
        let location = server.location(server.place.path("new/repository"))
        try wholeWay(scenario, location, ["-o", "sftp.args=" + server.arguments])
        server.stop()
        let outcome = try scenario.start(
            ["--repo", location, "-o", "sftp.args=" + server.arguments, "snapshots"]
        ).wait()
        #expect(outcome.status == 1 && outcome.complaint.contains("port"), "\(outcome.complaint)")
    }

    @Test(.enabled(if: RcloneProgram.path != nil))
    func rclone() throws {
        let scenario = try Scenario()
        let path = RcloneProgram.path ?? ""
        try wholeWay(scenario, "rclone::local:" + scenario.path("new/remote"), ["-o", "rclone.program=" + path])
    }

    /// Every kind of place keeps the promises, tells its speed, and is empty afterwards.
    @Test
    func targetTest() throws {
        let scenario = try Scenario()
        try scenario.write("place/notes", "not ours")
        let place = scenario.path("place")
        var locations = [(place, [String]()), ("sftp:host:" + place, ["sftp.command=/usr/lib/openssh/sftp-server"])]
        if let rclone = RcloneProgram.path {
            locations.append(("rclone::local:" + place, ["rclone.program=" + rclone]))
        }
        for (location, settings) in locations {
            let options = settings.flatMap { ["-o", $0] }
            let outcome = try scenario.start(["target", "test", location, "--size", "16M", "--json"] + options).wait()
            #expect(outcome.status == 0, "\(location): \(outcome.text) \(outcome.complaint)")
            let lines = try outcome.lines()
            let checks = lines.filter { $0["message_type"] as? String == "check" }
            #expect(checks.count == 8 && checks.allSatisfy { $0["kept"] as? Bool == true }, "\(outcome.text)")
            let summary = try outcome.summary()
            #expect((summary["upload_bytes_per_second"] as? Double ?? 0) > 0)
            let left = try FileManager.default.subpathsOfDirectory(atPath: place).filter { path in
                (try? FileManager.default.attributesOfItem(atPath: place + "/" + path)[.type] as? FileAttributeType)
                    == .typeRegular
            }
            #expect(left == ["notes"], "\(location) leaves \(left)")
        }
    }

    /// A place with other people's files in it is not taken.
    @Test
    func aForeignPlaceIsRefused() throws {
        let scenario = try Scenario()
        try scenario.write("place/notes", "not ours")
        let outcome = try scenario.run(
            "--repo",
            "sftp:host:" + scenario.path("place"),
            "-o",
            "sftp.command=/usr/lib/openssh/sftp-server",
            "init",
            "--new-key-file",
            scenario.path("key")
        )
        #expect(outcome.status == 1 && outcome.complaint.contains("notes"), "\(outcome.complaint)")
        #expect(!FileManager.default.fileExists(atPath: scenario.path("key")))
    }
}
