import Foundation
import Glibc
import Testing

/// Secrets never show where others can read them, and files are for their owner alone.
@Suite struct SecretTests {
    private static let canary = "canary-PASSWORD-7f3a"

    /// Everything that the program prints in these tests, whatever is asked for.
    private func everything(_ outcome: Outcome) -> String { outcome.text + outcome.complaint }

    @Test func row20PasswordShowsNowhere() throws {
        let scenario = try Scenario()
        try scenario.write("password", SecretTests.canary + "\n")
        let options = ["--password-file", scenario.path("password"), "-vv"]
        var said = ""
        try scenario.write("data/file", "content")
        for arguments in [
            ["init"], ["init"], ["backup", "data"], ["backup", "data", "--json"], ["snapshots"], ["key", "list"],
            ["key", "list", "--json"], ["cat", "config"], ["cat", "key"], ["check", "--read-data", "--json"],
            ["restore", "latest", "--target", scenario.path("out")], ["ls", "none"], ["restore", "latest"],
        ] {
            said += everything(try scenario.start(arguments + options).wait())
        }
        try scenario.write("wrong", "canary-PASSWORD-wrong")
        said += everything(try scenario.run("snapshots", "-vv", "--password-file", scenario.path("wrong")))
        said += everything(try scenario.run("snapshots", "--json", "--password-file", scenario.path("wrong")))
        #expect(said.contains("opened repository"))
        #expect(!said.contains("canary-PASSWORD"))
        // Nor does it lie in any file that the program has made.
        let found = try scenario.shell("grep -rl canary-PASSWORD repository home out || true")
        #expect(found.text.isEmpty, "\(found.text)")
    }

    @Test func row20SecretOfAKeyFileShowsNowhere() throws {
        let scenario = try Scenario.withKeyFile()
        let key = try scenario.read("key")
        let line = try #require(key.split(separator: "\n").first { $0.hasPrefix("secret: ") })
        let secret = String(line.dropFirst(8))
        #expect(secret.count == 64)
        try scenario.write("data/file", "content")
        try scenario.write("altered", key.replacingOccurrences(of: "check: ", with: "check: 0"))
        var said = ""
        for arguments in [
            ["backup", "data", "-vv"], ["snapshots", "--json"], ["key", "list", "--json"], ["cat", "key"],
            ["snapshots", "-vv", "--key-file", scenario.path("altered")],
        ] {
            said += everything(try scenario.start(arguments).wait())
        }
        #expect(!said.contains(secret.prefix(16)))
        let found = try scenario.shell("grep -rl \(secret) repository home || true")
        #expect(found.text.isEmpty, "\(found.text)")
    }

    /// While the program waits for input, others look at it.
    @Test(arguments: [true, false])
    func row20RunningProcessShowsNoSecret(usesVariable: Bool) throws {
        let scenario = try Scenario.withPassword(SecretTests.canary)
        if !usesVariable {
            scenario.environment["HOLDFAST_PASSWORD"] = nil
            try scenario.write("password", SecretTests.canary)
            scenario.environment["HOLDFAST_PASSWORD_FILE"] = scenario.path("password")
        }
        let ends = try makePipe()
        let program = try scenario.start(["backup", "--stdin", "-vv"], input: ends[0])
        while !program.complaintSoFar.contains("opened repository") { usleep(20_000) }
        let folder = "/proc/\(program.process)/"
        let arguments = try Data(contentsOf: URL(fileURLWithPath: folder + "cmdline"))
        #expect(!String(decoding: arguments, as: UTF8.self).contains("canary"))
        // Only root may look: the program forbids it to its own user.
        if let variables = try? Data(contentsOf: URL(fileURLWithPath: folder + "environ")) {
            #expect(String(decoding: variables, as: UTF8.self).contains("canary") == usesVariable)
        }
        let limits = try String(contentsOfFile: folder + "limits", encoding: .utf8)
        let cores = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
        #expect(cores.split(separator: " ").filter { $0 == "0" }.count == 2)
        close(ends[1])
        close(ends[0])
        #expect(program.wait().status == 0)
    }

    @Test func row20CommandsInheritNoPassword() throws {
        let scenario = try Scenario.withPassword(SecretTests.canary)
        try scenario.succeed("backup", "--stdin-from-command", "--stdin-filename", "env", "--", "env")
        let inherited = try scenario.succeed("cat", "latest", "/env").text
        #expect(inherited.contains("HOLDFAST_REPOSITORY"))
        #expect(!inherited.contains("canary"))
    }

    @Test func row22FilesAreForTheirOwner() throws {
        let scenario = try Scenario()
        try scenario.write("data/file", "content")
        let script = """
            umask 000
            $HOLDFAST init --new-key-file key && export HOLDFAST_KEY_FILE=$PWD/key
            $HOLDFAST backup data && $HOLDFAST recovery-kit create --output kit && $HOLDFAST key add --new-key-file key2
            """
        let outcome = try scenario.shell(script)
        #expect(outcome.status == 0, "\(outcome.complaint)")
        for name in ["key", "key2", "kit"] {
            let mode = try #require(try scenario.modes(below: name)[""])
            #expect(mode == 0o600, "\(name) has mode \(String(mode, radix: 8))")
        }
        for tree in ["repository", "home/.cache/holdfast", "home/.local/state/holdfast"] {
            for (name, mode) in try scenario.modes(below: tree) {
                #expect(mode & 0o077 == 0, "\(tree)/\(name) has mode \(String(mode, radix: 8))")
            }
        }
    }

    @Test func row22RestoredFilesKeepTheirModes() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/open", "content")
        #expect(try scenario.shell("chmod 666 data/open; chmod 777 data").status == 0)
        try scenario.succeed("backup", "-q", "data")
        try scenario.succeed("restore", "latest:" + scenario.path("data"), "-q", "--target", scenario.path("out"))
        #expect(try scenario.modes(below: "out") == ["": 0o777, "open": 0o666])
    }

    @Test func row22NewSecretsFollowNoLink() throws {
        let scenario = try Scenario()
        let script = """
            ln -s elsewhere key; ln -s elsewhere kit
            $HOLDFAST init --new-key-file key; echo $?
            $HOLDFAST init --new-key-file real && export HOLDFAST_KEY_FILE=$PWD/real
            $HOLDFAST recovery-kit create --output kit; echo $?; ls
            """
        let outcome = try scenario.shell(script)
        #expect(outcome.text.split(separator: "\n").filter { $0 == "64" }.count == 2)
        #expect(!outcome.text.contains("elsewhere"))
    }

    @Test func looseKeyFileIsRemarked() throws {
        let scenario = try Scenario.withKeyFile()
        #expect(try scenario.shell("chmod 644 key").status == 0)
        #expect(try scenario.succeed("snapshots").complaint.contains("chmod 600"))
    }
}
