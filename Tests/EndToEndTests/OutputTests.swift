import Foundation
import Testing

/// What is printed: JSON that programs can rely on, text that cannot hurt a terminal.
@Suite struct OutputTests {
    @Test func everyCommandEndsItsJSONWithASummary() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/file", "content")
        try scenario.succeed("backup", "-q", "data", "--tag", "a")
        try scenario.write("data/other", "content")
        let before = try scenario.succeed("backup", "data", "--json").summary()
        for name in [
            "files_new", "files_changed", "files_unmodified", "dirs", "files_read", "bytes_read", "data_added",
            "data_added_packed", "total_files_processed", "total_bytes_processed", "total_duration", "snapshot_id",
        ] { #expect(before[name] != nil, "no \(name)") }
        for command in [
            ["snapshots"], ["ls", "latest"], ["find", "file"], ["diff", "latest~1", "latest"],
            ["diff", "latest", "--live", "data"], ["stats"], ["stats", "--mode", "raw-data"],
            ["stats", "--mode", "files-by-contents"], ["check"], ["check", "--no-keys"],
            ["check", "--read-data-subset", "50%"],
            ["tag", "--add", "b", "latest"], ["key", "list"], ["cache"], ["cache", "--cleanup"],
            ["restore", "latest", "--target", "out"], ["recovery-kit", "create"],
        ] {
            let outcome = try scenario.start(command + ["--json"]).wait()
            #expect(outcome.status == 0, "\(command): \(outcome.complaint)")
            _ = try outcome.summary()
            for line in try outcome.lines() { #expect(line["message_type"] is String) }
            _ = try jsonLines(outcome.errors)
        }
    }

    @Test func filtersNarrowDown() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/file", "content")
        try scenario.succeed("backup", "-q", "data", "--host", "one", "--tag", "a", "--time", "2026-01-01 12:00:00")
        try scenario.succeed("backup", "-q", "data", "--host", "two", "--tag", "a,b", "--time", "2026-02-01T12:00:00Z")
        try scenario.succeed("backup", "-q", "data", "--host", "two", "--dataset", "other", "--time", "2026-03-01")
        func count(_ arguments: String...) throws -> Int? {
            try scenario.start(["snapshots", "--json"] + arguments).wait().summary()["snapshots"] as? Int
        }
        #expect(try count() == 3)
        #expect(try count("--host", "two") == 2)
        #expect(try count("--tag", "a") == 2)
        #expect(try count("--tag", "a,b") == 1)
        #expect(try count("--tag", "b", "--host", "one") == 0)
        #expect(try count("--dataset", "other") == 1)
        #expect(try count("--path", "data") == 3)
        #expect(try count("--path", "/etc") == 0)
        #expect(try count("--after", "2026-02-01") == 2)
        #expect(try count("--before", "2026-02-01") == 1)
        #expect(try count("--latest", "1") == 3)
        #expect(try count("--latest", "1", "--dataset", scenario.path("data")) == 2)
        #expect(try count("latest") == 1)
        let times = try scenario.succeed("snapshots", "--json").lines().compactMap { $0["time"] as? String }
        #expect(times == ["2026-01-01T12:00:00+00:00", "2026-02-01T12:00:00+00:00", "2026-03-01T00:00:00+00:00"])
        scenario.environment["TZ"] = "Asia/Kathmandu"
        #expect(try scenario.succeed("snapshots").text.contains("2026-01-01 17:45:00 +0545"))
    }

    @Test func row10NamesCannotHurtATerminal() throws {
        let scenario = try Scenario.withKeyFile()
        let script =
            #"mkdir data; cd data; touch $'\e[31mred' $'two\nlines' $'\xff' $'\u202Eexe' 'back\slash' $'bell\a'"#
        #expect(try scenario.shell(script).status == 0)
        try scenario.succeed("backup", "data", "-q", "--tag", "\u{1B}[2Jtag", "--host", "\u{1B}]0;title\u{7}")
        var said: [UInt8] = []
        for command in [
            ["backup", "data", "-vv", "-f"], ["ls", "latest"], ["ls", "latest", "--json"], ["ls", "-l", "latest"],
            ["snapshots"], ["snapshots", "--json"], ["find", "*"], ["diff", "latest", "--live", "/etc/apt"],
            ["restore", "latest", "--target", "out", "-vv"], ["cat", "latest", "\u{1B}[1mnone"],
            ["ls", "\u{1B}[1mnone"],
        ] {
            let outcome = try scenario.start(command).wait()
            said += outcome.output + outcome.errors
        }
        #expect(!said.contains { $0 < 0x20 && $0 != 0x0A || $0 == 0x7F })
        #expect(String(validating: said, as: UTF8.self) != nil)
        #expect(!String(decoding: said, as: UTF8.self).unicodeScalars.contains("\u{202E}"))
        let lines = try scenario.succeed("ls", "-q", "latest:" + scenario.path("data")).text.split(separator: "\n")
        #expect(lines.count == 7)
        let names = try scenario.succeed("ls", "latest:" + scenario.path("data"), "--json").lines()
            .compactMap { $0["name"] as? String }
        for exact in ["\u{1B}[31mred", "two\nlines", "\u{202E}exe", "back\\slash", "bell\u{7}"] {
            #expect(names.contains(exact))
        }
    }

    @Test func findLooksThroughAllSnapshots() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/Report.txt", "one")
        try scenario.succeed("backup", "-q", "data")
        try scenario.write("data/sub/report.txt", "two")
        try scenario.succeed("backup", "-q", "data")
        #expect(try scenario.succeed("find", "report.txt", "--json").summary()["matches"] as? Int == 1)
        #expect(try scenario.succeed("find", "report.*", "-i", "--json").summary()["matches"] as? Int == 3)
        #expect(
            try scenario.succeed("find", "-i", "report.*", "--oldest", "2030-01-01", "--json").summary()["matches"]
                as? Int == 0
        )
    }

    @Test func diffTellsWhatChanged() throws {
        let scenario = try Scenario.withKeyFile()
        for name in ["same", "changed", "gone"] { try scenario.write("data/" + name, name) }
        try scenario.succeed("backup", "-q", "data")
        try scenario.write("data/changed", "something else")
        try scenario.write("data/new", "new")
        try FileManager.default.removeItem(atPath: scenario.path("data/gone"))
        let live = try scenario.succeed("diff", "latest", "--live", "data").text
        try scenario.succeed("backup", "-q", "data")
        let stored = try scenario.succeed("diff", "latest~1", "latest").text
        let root = scenario.path("data")
        #expect(stored.hasPrefix("M   \(root)/changed\n-   \(root)/gone\n+   \(root)/new\n"))
        #expect(live == stored)
    }

    @Test func archiveHoldsTheFiles() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/sub/file", "content")
        try scenario.succeed("backup", "-q", "data")
        let script = "mkdir out && $HOLDFAST dump latest:$PWD/data | tar -x -C out && cat out/sub/file"
        #expect(try scenario.shell(script).text == "content")
        #expect(try scenario.succeed("dump", "latest", scenario.path("data/sub/file")).text == "content")
    }

    @Test func progressIsToldAtTheChosenInterval() throws {
        let scenario = try Scenario.withKeyFile()
        scenario.environment["HOLDFAST_PROGRESS_INTERVAL"] = "0.05"
        let script = "for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done | $HOLDFAST backup --stdin"
        #expect(try scenario.shell(script).complaint.contains("/s  "))
        #expect(try scenario.shell(script + " --json").text.contains(#""message_type":"status""#))
        #expect(try scenario.shell(script + " -q").complaint.isEmpty)
    }
}
