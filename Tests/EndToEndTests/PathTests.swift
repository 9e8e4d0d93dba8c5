import Foundation
import TestSupport
import Testing

/// What a user may write for a path.
@Suite struct PathTests {
    private func files(_ scenario: Scenario) throws -> [String] {
        try scenario.succeed("ls", "latest", "--json").lines().compactMap { line in
            guard line["type"] as? String == "file" else { return nil }
            return (line["path"] as? String).map { String($0.dropFirst(scenario.place.path.count)) }
        }
    }

    @Test(arguments: [
        ("data/sub", ["../other"], ["/data/other/b"]),
        ("data/sub", ["."], ["/data/sub/a"]),
        ("data/sub", ["../../data/sub", "./../other/."], ["/data/other/b", "/data/sub/a"]),
        ("data", ["sub/", "sub", "./sub//"], ["/data/sub/a"]),
        ("data", ["sub", "sub/a", "."], ["/data/other/b", "/data/sub/a"]),
        ("data", ["sub/a"], ["/data/sub/a"]),
        ("data/link", ["../other"], ["/data/other/b"]),
        ("data", ["link/../other"], ["/data/other/b"]),
        ("data", ["link/a"], ["/data/link/a"]),
    ])
    func pathsAreResolved(directory: String, paths: [String], expected: [String]) throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/sub/a", "a")
        try scenario.write("data/other/b", "b")
        #expect(try scenario.shell("ln -s sub data/link").status == 0)
        let arguments = paths.joined(separator: " ")
        let outcome = try scenario.shell("cd \(directory) && $HOLDFAST backup -q \(arguments)")
        #expect(outcome.status == 0, "\(outcome.complaint)")
        #expect(try files(scenario) == expected)
    }

    @Test func parentsAreOfWhatALinkPointsTo() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("far/away/here/x", "x")
        try scenario.write("far/away/beside", "y")
        #expect(try scenario.shell("ln -s far/away/here link").status == 0)
        try scenario.succeed("backup", "-q", "link/../beside")
        #expect(try files(scenario) == ["/far/away/beside"])
    }

    @Test func theRepositoryIsLeftOutUnderWhateverPath() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("file", "content")
        #expect(try scenario.shell("mkdir outside; ln -s .. outside/link").status == 0)
        try scenario.succeed("backup", "-q", "outside/link/file", "outside/link/repository/..")
        #expect(try !scenario.succeed("ls", "latest").text.contains("/repository/"))
        try scenario.succeed("backup", "-q", "outside/link/home", "outside/link/repository/format")
        #expect(try scenario.shell("cd outside/link && $HOLDFAST backup -q .").status == 0)
        #expect(try !scenario.succeed("ls", "latest").text.contains("/packs/"))
    }

    @Test func patternsFitAtAnyDepthUnlessTheyBeginWithASlash() throws {
        let scenario = try Scenario.withKeyFile()
        for name in ["foo/a.o", "sub/foo/a.o", "foo/keep/a.o", "other"] { try scenario.write("data/" + name, name) }
        func left(_ arguments: String...) throws -> [String] {
            #expect(try scenario.start(["backup", "-q", "data"] + arguments).wait().status == 0)
            return try files(scenario).map { String($0.dropFirst("/data/".count)) }
        }
        #expect(try left("-e", "foo/*.o") == ["foo/keep/a.o", "other"])
        #expect(try left("-e", "/foo/*.o").count == 4)
        #expect(try left("-e", scenario.path("data/foo")) == ["other", "sub/foo/a.o"])
        #expect(try left("-e", "*.o", "-e", "!keep/*.o") == ["foo/keep/a.o", "other"])
        #expect(try left("-e", "./data/foo") == ["other", "sub/foo/a.o"])
        #expect(try left("--iexclude", "DATA/Foo/KEEP") == ["foo/a.o", "other", "sub/foo/a.o"])
        try scenario.write("patterns", "# what is made\r\n*.o\r\n\n!sub/foo/*.o\n")
        #expect(try left("--exclude-file", "patterns") == ["other", "sub/foo/a.o"])
        // In a file beside what it is about, the rules of git hold.
        try scenario.write("data/.holdfastignore", "foo/*.o\n")
        #expect(try left() == [".holdfastignore", "foo/keep/a.o", "other", "sub/foo/a.o"])
        try scenario.succeed("restore", "latest", "--include", "foo/keep", "--target", scenario.path("out"), "-q")
        #expect(try scenario.shell("cd out && find . -type f").text == ".\(scenario.path("data/foo/keep/a.o"))\n")
        #expect(try scenario.succeed("find", "keep/*.o").text.contains("/foo/keep/a.o"))
        #expect(try !scenario.succeed("find", "/keep/*.o").text.contains("/foo/keep/a.o"))
    }

    @Test func filesAreFoundByTheirChunks() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/one", String(repeating: "one ", count: 100_000))
        try scenario.write("data/two", String(repeating: "two ", count: 100_000))
        try scenario.succeed("backup", "-q", "data")
        let blobs = try scenario.succeed("list", "blobs").text.split(separator: "\n").filter { $0.hasPrefix("data ") }
        #expect(blobs.count == 2)
        let found = try blobs.map { try scenario.succeed("find", "--blob", String($0.dropFirst(5).prefix(12))).text }
        #expect(Set(found.map { $0.hasSuffix("/data/one\n") }) == [true, false])
        #expect(found.allSatisfy { $0.split(separator: "\n").count == 2 })
        let packs = try scenario.succeed("list", "packs").text.split(separator: "\n").map(String.init)
        #expect(packs.count == 2)
        let both = try packs.map { try scenario.succeed("find", "--json", "--pack", $0).summary()["matches"] as? Int }
        #expect(both.compactMap { $0 }.sorted() == [0, 2])
        #expect(try scenario.run("find", "--blob", "xyz").status == 64)
        for kind in ["index", "snapshots", "keys", "locks"] {
            #expect(try scenario.succeed("list", kind, "--json").summary()["objects"] as? Int ?? 0 > 0)
        }
    }

    @Test func whatIsNotInTheSnapshotIsSaidAtOnce() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/file", "content")
        try scenario.succeed("backup", "-q", "data")
        for arguments in [["latest", "/nothing"], ["latest:/nothing"], ["latest", scenario.path("data"), "/nothing"]] {
            let outcome = try scenario.start(["restore"] + arguments + ["--target", "out"]).wait()
            #expect(outcome.status == 1)
            #expect(outcome.complaint.contains("holds no /nothing") || outcome.complaint.contains("“/nothing”"))
            #expect(!FileManager.default.fileExists(atPath: scenario.path("out")))
        }
    }

    @Test func groupsForTheParentAreChecked() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/file", "content")
        let first = try scenario.succeed("backup", "data", "--json", "--dataset", "a").summary()
        #expect(first["dirs_new"] as? Int == first["dirs"] as? Int)
        let second = try scenario.succeed("backup", "data", "--json", "--group-by", "host,paths").summary()
        #expect(second["parent"] as? String == first["snapshot_id"] as? String)
        #expect(second["files_unmodified"] as? Int == 1)
        #expect(second["dirs_unmodified"] as? Int == second["dirs"] as? Int)
        #expect(try scenario.run("backup", "data", "--group-by", "colour").status == 64)
        #expect(try scenario.run("backup", "data", "--group-by", "host", "--parent", "latest").status == 64)
    }
}
