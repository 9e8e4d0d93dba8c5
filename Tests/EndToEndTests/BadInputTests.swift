import Foundation
import Testing

/// What a user can get wrong: the message says what to do, and the exit status what kind of failure it was.
@Suite struct BadInputTests {
    /// A command line that must fail.
    struct Mistake: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var arguments: [String]
        var status: Int32
        /// What the message must say.
        var says: [String]
        /// Changes to the environment; nothing removes a variable.
        var environment: [String: String?] = [:]

        init(
            _ name: String,
            _ arguments: String...,
            status: Int32,
            says: [String],
            environment: [String: String?] = [:]
        ) {
            testDescription = name
            self.arguments = arguments
            self.status = status
            self.says = says
            self.environment = environment
        }
    }

    static let withoutKey: [String: String?] = ["HOLDFAST_KEY_FILE": nil]

    static let mistakes = [
        Mistake("unknown option", "snapshots", "--frobnicate", status: 64, says: ["--frobnicate", "--help"]),
        Mistake("unknown command", "frobnicate", status: 64, says: ["frobnicate", "--help"]),
        Mistake("missing argument", "ls", status: 64, says: ["<snapshot>"]),
        Mistake("option without its value", "snapshots", "--repo", status: 64, says: ["--repo"]),
        Mistake("quiet and verbose", "snapshots", "-q", "-v", status: 64, says: ["--quiet", "--verbose"]),
        Mistake("two keys", "snapshots", "--key-file", "a", "--password-file", "b", status: 64, says: ["contradict"]),
        Mistake("nothing to save", "backup", status: 64, says: ["--stdin"]),
        Mistake("paths and a stream", "backup", "--stdin", "/etc", status: 64, says: ["--stdin"]),
        Mistake(
            "a stream's name with a slash",
            "backup",
            "--stdin",
            "--stdin-filename",
            "a/b",
            status: 64,
            says: ["slash"]
        ),
        Mistake(
            "unknown compression",
            "backup",
            "--compression",
            "bzip2",
            "data",
            status: 64,
            says: ["bzip2", "zstd"]
        ),
        Mistake("unknown chunker", "backup", "--chunker", "fixed:7", "data", status: 64, says: ["512"]),
        Mistake("no time", "backup", "--time", "yesterday", "data", status: 64, says: ["yesterday", "2026-"]),
        Mistake("a pattern that can never fit", "backup", "-e", "[a", "data", status: 64, says: ["[a"]),
        Mistake("nothing to change", "tag", "latest", status: 64, says: ["--add"]),
        Mistake("paths and patterns", "restore", "latest", "x", "-i", "y", "-t", "out", status: 64, says: ["mixed"]),
        Mistake("a diff with one side", "diff", "latest", status: 64, says: ["--live"]),
        Mistake("no subset", "check", "--read-data-subset", "7/3", status: 64, says: ["2/5"]),
        Mistake(
            "no repository named",
            "snapshots",
            status: 64,
            says: ["--repo", "HOLDFAST_REPOSITORY"],
            environment: ["HOLDFAST_REPOSITORY": nil]
        ),
        Mistake("half a location", "-r", "s3:bucket", "snapshots", status: 64, says: ["s3:bucket", "BUCKET"]),
        Mistake("an unknown location", "-r", "stfp:h:/x", "snapshots", status: 64, says: ["stfp", "local:stfp:h:/x"]),
        Mistake("an unknown setting", "-r", "sftp:h:/x", "-o", "a=b", "snapshots", status: 64, says: ["sftp.command"]),
        Mistake("nothing may pass", "--limit-upload", "0", "snapshots", status: 64, says: ["limit"]),
        Mistake("no length of time", "--stuck-request-timeout", "soon", "snapshots", status: 64, says: ["soon"]),
        Mistake(
            "no password and no terminal",
            "snapshots",
            status: 64,
            says: ["HOLDFAST_PASSWORD_FILE", "HOLDFAST_KEY_FILE", "--password-file"],
            environment: withoutKey
        ),
        Mistake(
            "missing password file",
            "snapshots",
            "--password-file",
            "none",
            status: 64,
            says: ["none", "not exist"]
        ),
        Mistake(
            "failing password command",
            "snapshots",
            "--password-command",
            "exit 7",
            status: 64,
            says: ["password command", "7"]
        ),
        Mistake("missing key file", "snapshots", "--key-file", "none", status: 64, says: ["none", "not exist"]),
        Mistake(
            "wrong password",
            "snapshots",
            "--password-command",
            "echo wrong",
            status: 12,
            says: ["no key slot opens"]
        ),
        Mistake(
            "empty password",
            "snapshots",
            status: 12,
            says: ["empty"],
            environment: ["HOLDFAST_PASSWORD": ""]
        ),
        Mistake(
            "empty password from a command",
            "snapshots",
            "--password-command",
            "echo",
            status: 12,
            says: ["empty"]
        ),
        Mistake(
            "a password that is a key file",
            "snapshots",
            "--key-file",
            "data/file",
            status: 12,
            says: ["key file"]
        ),
        Mistake("words that are no words", "snapshots", "--recovery-kit", "data/file", status: 12, says: ["18 words"]),
        Mistake("directory without a repository", "-r", "data", "snapshots", status: 10, says: ["data", "init"]),
        Mistake("directory that does not exist", "-r", "none", "snapshots", status: 10, says: ["none", "init"]),
        Mistake("a file for a repository", "-r", "data/file", "snapshots", status: 10, says: ["data/file", "init"]),
        Mistake("init of a repository that exists", "init", "--new-key-file", "k2", status: 1, says: ["already"]),
        Mistake("init among other files", "-r", "data", "init", "--new-key-file", "k2", status: 1, says: ["not empty"]),
        Mistake("init over a key file", "-r", "new", "init", "--new-key-file", "key", status: 64, says: ["exists"]),
        Mistake("a path that is not there", "backup", "none", status: 1, says: ["none", "does not exist"]),
        Mistake("unknown snapshot", "ls", "0123456789abcdef", status: 1, says: ["0123456789abcdef"]),
        Mistake("no snapshot id", "ls", "newest", status: 1, says: ["newest", "latest"]),
        Mistake("a path that the snapshot lacks", "restore", "latest", "none", "-t", "out", status: 1, says: ["none"]),
        Mistake("a root that the snapshot lacks", "restore", "latest:/none", "-t", "out", status: 1, says: ["none"]),
        Mistake("a file for a target", "restore", "latest", "-t", "data/file", status: 1, says: ["not a directory"]),
        Mistake("a directory to print", "cat", "latest", "/", status: 64, says: ["file"]),
        Mistake("removing a key that is not there", "key", "remove", "ffffffff", status: 1, says: ["key list"]),
    ]

    @Test(arguments: mistakes)
    func isExplained(_ mistake: Mistake) throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/file", "content")
        try scenario.succeed("backup", "-q", "data")
        for (name, value) in mistake.environment { scenario.environment[name] = value }
        let outcome = try scenario.start(mistake.arguments).wait()
        #expect(outcome.status == mistake.status, "\(outcome.complaint)")
        #expect(outcome.output.isEmpty || mistake.arguments.contains("restore"), "\(outcome.text)")
        for words in mistake.says { #expect(outcome.complaint.contains(words), "\(outcome.complaint)") }
        #expect(!outcome.complaint.contains("Fatal error"))

        // The same in JSON ends with an exit_error of the same code.
        let inJSON = try scenario.start(mistake.arguments + ["--json"]).wait()
        #expect(inJSON.status == mistake.status)
        if mistake.testDescription == "option without its value" { return }
        let last = inJSON.complaint.split(separator: "\n").last.map { Array($0.utf8) } ?? []
        let line = try #require(try jsonLines(last).first)
        #expect(line["message_type"] as? String == "exit_error")
        #expect(line["code"] as? Int == Int(mistake.status))
    }

    @Test func ambiguousSnapshotIsRefused() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/file", "content")
        // More snapshots than hexadecimal digits: two of them begin alike.
        for _ in 0..<17 { try scenario.succeed("backup", "-q", "data") }
        let ids = try scenario.succeed("snapshots", "--json").lines().compactMap { $0["id"] as? String }
        let first = try #require(Dictionary(grouping: ids, by: \.first).first { $0.value.count > 1 }?.key)
        let outcome = try scenario.run("ls", String(first))
        #expect(outcome.status == 1)
        #expect(outcome.complaint.contains("ambiguous"))
        try scenario.succeed("ls", try #require(ids.first))
    }

    @Test func initTwiceLeavesTheFirstAlone() throws {
        let scenario = try Scenario.withKeyFile()
        let before = try scenario.modes(below: "repository").keys.sorted()
        #expect(try scenario.run("init", "--new-key-file", scenario.path("other")).status == 1)
        #expect(try scenario.modes(below: "repository").keys.sorted() == before)
        #expect(!FileManager.default.fileExists(atPath: scenario.path("other")))
        try scenario.succeed("snapshots")
    }

    @Test(arguments: [10, 200, 350])
    func truncatedKeyFileIsRecognised(length: Int) throws {
        let scenario = try Scenario.withKeyFile()
        let key = try scenario.read("key")
        try scenario.write("short", String(key.prefix(length)))
        let outcome = try scenario.run("snapshots", "--key-file", scenario.path("short"))
        #expect(outcome.status == 12)
        #expect(outcome.complaint.contains("key file"))
    }

    @Test func keyFileOfAnotherRepositoryIsRecognised() throws {
        let scenario = try Scenario.withKeyFile()
        let other = try Scenario.withKeyFile()
        let outcome = try scenario.run("snapshots", "--key-file", other.path("key"))
        #expect(outcome.status == 12)
        #expect(outcome.complaint.contains("another repository") || outcome.complaint.contains("belongs to repository"))
    }

    @Test func newerFormatIsRefusedByName() throws {
        let scenario = try Scenario.withKeyFile()
        // Byte 14 is the version (format.md §3): magic, length, tag 1, length of the number, the number.
        let script = """
            f=repository/format; chmod u+w $f
            head -c -32 $f > body; printf '\\002' | dd of=body bs=1 seek=14 conv=notrunc status=none
            sha256sum body | cut -c 1-64 | sed 's/../\\\\x&/g' > sum
            { cat body; printf "$(cat sum)"; } > $f
            """
        #expect(try scenario.shell(script).status == 0)
        let outcome = try scenario.run("snapshots")
        #expect(outcome.status == 1)
        #expect(outcome.complaint.contains("2"), "\(outcome.complaint)")
        #expect(outcome.complaint.contains("version"), "\(outcome.complaint)")
    }

    @Test func damageIsAnIntegrityFailure() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/file", String(repeating: "content ", count: 10_000))
        try scenario.succeed("backup", "-q", "data")
        for pack in scenario.objects("packs") {
            #expect(try scenario.shell("printf x | dd of=\(pack) bs=1 seek=700 conv=notrunc status=none").status == 0)
        }
        let check = try scenario.run("check", "--read-data")
        #expect(check.status == 20, "\(check.complaint)")
        let restore = try scenario.run("restore", "latest", "--target", scenario.path("out"))
        #expect(restore.status == 20, "\(restore.complaint)")
        #expect(!FileManager.default.fileExists(atPath: scenario.path("out") + scenario.path("data/file")))
    }

    @Test func theLastKeyCannotBeRemoved() throws {
        let scenario = try Scenario.withKeyFile()
        let key = try #require(try scenario.succeed("key", "list", "--json").lines().first?["id"] as? String)
        #expect(try scenario.run("key", "remove", key).status == 1)
        try scenario.succeed("snapshots")
    }
}
