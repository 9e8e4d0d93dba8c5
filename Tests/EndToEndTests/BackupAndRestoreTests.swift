import Foundation
import TestSupport
import Testing

/// Backups and restores as a user runs them.
@Suite struct BackupAndRestoreTests {
    @Test func whatIsRestoredIsWhatWasSaved() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/a", "first")
        try scenario.write("data/sub/b", String(repeating: "second ", count: 5000))
        #expect(
            try scenario.shell("ln -s a data/link; mkfifo data/pipe; chmod 640 data/a; ln data/a data/hard").status == 0
        )
        let first = try scenario.succeed("backup", "data", "--json", "--tag", "x,y").summary()
        #expect(first["files_new"] as? Int == 5)
        #expect(first["errors"] as? Int == 0)
        let second = try scenario.succeed("backup", "data", "--json").summary()
        #expect(second["files_unmodified"] as? Int == 5)
        #expect(second["bytes_read"] as? Int == 0)
        try scenario.succeed("restore", "latest", "--target", scenario.path("out"), "--verify")
        let restored = scenario.path("out") + scenario.path("data")
        #expect(try scenario.shell("diff -r --no-dereference data \(restored) 2>&1 | grep -v pipe").text.isEmpty)
        #expect(try scenario.shell("stat -c '%a %h' \(restored)/a").text == "640 2\n")
        try scenario.succeed("restore", "latest:" + scenario.path("data"), "sub/b", "--target", scenario.path("part"))
        #expect(try scenario.shell("cd part; find . -type f").text == "./sub/b\n")
    }

    @Test func literalPathsAndPatternsDiffer() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/[a].txt", "brackets")
        try scenario.write("data/a.txt", "letter")
        try scenario.succeed("backup", "-q", "data")
        let root = "latest:" + scenario.path("data")
        try scenario.succeed("restore", root, "[a].txt", "-q", "--target", scenario.path("literal"))
        #expect(try scenario.shell("ls literal").text == "[a].txt\n")
        try scenario.succeed("restore", root, "-q", "--include", "[a].txt", "--target", scenario.path("pattern"))
        #expect(try scenario.shell("ls pattern").text == "a.txt\n")
        try scenario.succeed("restore", root, "-q", "--exclude", "a.*", "--target", scenario.path("rest"))
        #expect(try scenario.shell("ls rest").text == "[a].txt\n")
    }

    @Test func excludesLeaveOut() throws {
        let scenario = try Scenario.withKeyFile()
        for name in [
            "keep", "drop.tmp", "DROP.LOG", "sub/drop.tmp", "big", "marked/.nobackup", "marked/file", "cache/x",
        ] {
            try scenario.write("data/" + name, name == "big" ? String(repeating: "x", count: 5000) : "content")
        }
        try scenario.write("data/cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55")
        try scenario.write("patterns", "# a comment\n*.tmp\n")
        try scenario.succeed(
            "backup",
            "-q",
            "data",
            "--exclude-file",
            "patterns",
            "--iexclude",
            "*.log",
            "--exclude-larger-than",
            "4k",
            "--exclude-if-present",
            ".nobackup",
            "--exclude-caches"
        )
        let listed = try scenario.succeed("ls", "-q", "latest:" + scenario.path("data")).text
        let names = listed.split(separator: "\n").map { $0.dropFirst(scenario.path("data").count) }.filter {
            !$0.isEmpty
        }
        #expect(names == ["/cache", "/cache/CACHEDIR.TAG", "/keep", "/marked", "/marked/.nobackup", "/sub"])
    }

    @Test func listsOfFilesNameWhatIsSaved() throws {
        let scenario = try Scenario.withKeyFile()
        for name in ["data/one", "data/two", "data/*", "data/three"] { try scenario.write(name, name) }
        func saved() throws -> [Substring] {
            try scenario.succeed("ls", "-q", "latest").text.split(separator: "\n").map {
                $0.split(separator: "/").last ?? ""
            }
        }
        try scenario.write("list", "# a comment\n data/t* \n\n")
        try scenario.succeed("backup", "-q", "--files-from", "list")
        #expect(try saved().suffix(3) == ["data", "three", "two"])
        try scenario.write("list", "data/*\n")
        try scenario.succeed("backup", "-q", "--files-from-verbatim", "list")
        #expect(try saved().suffix(2) == ["data", "*"])
        try scenario.write("list", "data/one\0data/two\0")
        let piped = try scenario.shell("$HOLDFAST backup -q --files-from-raw - < list")
        #expect(piped.status == 0, "\(piped.complaint)")
        #expect(try saved().suffix(3) == ["data", "one", "two"])
    }

    @Test func failingCommandLeavesNoSnapshot() throws {
        let scenario = try Scenario.withKeyFile()
        let failed = try scenario.run("backup", "--stdin-from-command", "--", "sh", "-c", "echo half; exit 3")
        #expect(failed.status == 1)
        #expect(failed.complaint.contains("exit status 3"))
        #expect(try scenario.succeed("snapshots", "--json").summary()["snapshots"] as? Int == 0)
        let missing = try scenario.run("backup", "--stdin-from-command", "--", "no-such-command")
        #expect(missing.status == 64)
        try scenario.succeed("backup", "--stdin-from-command", "--stdin-filename", "out.txt", "--", "echo", "whole")
        #expect(try scenario.succeed("cat", "latest", "out.txt").text == "whole\n")
    }

    @Test func whatCannotBeReadIsReportedAndTheRestSaved() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/file", "content")
        let outcome = try scenario.run("backup", "data", "none", "--json")
        #expect(outcome.status == 3)
        #expect(try outcome.summary()["errors"] as? Int == 1)
        let error = try #require(try jsonLines(outcome.errors).first)
        #expect(error["message_type"] as? String == "error")
        #expect((error["item"] as? String)?.hasSuffix("/none") ?? false)
        #expect(try scenario.succeed("cat", "latest", scenario.path("data/file")).text == "content")
    }

    @Test func dryRunAndUnchangedMakeNoSnapshot() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/file", "content")
        #expect(try scenario.succeed("backup", "data", "-n").text.contains("dry run"))
        try scenario.succeed("backup", "data", "-q")
        #expect(try scenario.succeed("backup", "data", "--skip-if-unchanged").text.contains("no snapshot was made"))
        #expect(try scenario.succeed("snapshots", "--json").summary()["snapshots"] as? Int == 1)
        try scenario.succeed("restore", "latest", "--dry-run", "--target", scenario.path("out"))
        #expect(!FileManager.default.fileExists(atPath: scenario.path("out")))
    }

    @Test func repositoryIsNotSavedIntoItself() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.succeed("backup", "-q", ".")
        let listed = try scenario.succeed("ls", "-q", "latest").text
        #expect(listed.contains("/key\n"))
        #expect(!listed.contains("/repository/"))
    }

    @Test func pathsNeedNotBeUTF8() throws {
        let scenario = try Scenario.withKeyFile()
        #expect(try scenario.shell("mkdir data; echo x > $'data/\\xff\\xfe'").status == 0)
        let arguments = ["backup", "-q"].map { Array($0.utf8) } + [Array("data/".utf8) + [0xFF, 0xFE]]
        let outcome = try Program(
            [Array(Program.binary.utf8)] + arguments,
            environment: scenario.environment,
            directory: scenario.place.path
        ).wait()
        #expect(outcome.status == 0, "\(outcome.complaint)")
        let nodes = try scenario.succeed("ls", "latest", "--json").lines()
        let exact = nodes.compactMap { $0["name_base64"] as? String }
        #expect(exact == [Data([0xFF, 0xFE]).base64EncodedString()])
    }

    @Test func demoProvesItself() throws {
        let scenario = try Scenario()
        scenario.environment["TMPDIR"] = scenario.place.path
        let outcome = try scenario.succeed("demo")
        #expect(outcome.text.contains("The restored store is identical"))
        for command in ["init", "backup", "snapshots", "diff", "restore", "check"] {
            #expect(outcome.text.contains("$ holdfast \(command)"))
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: scenario.place.path)
        #expect(left.allSatisfy { !$0.hasPrefix("holdfast-demo") })
        #expect(try scenario.succeed("demo", "--json", "--directory", "d").summary()["identical"] as? Bool == true)
    }
}
