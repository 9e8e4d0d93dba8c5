import Foundation
import Glibc
import TestSupport
import Testing

/// Stops by the user, closed pipes, and two runs at once.
@Suite struct InterruptionTests {
    /// A backup of standard input that waits for more.
    private func waitingBackup(_ scenario: Scenario, _ options: [String] = []) throws -> (Program, writing: Int32) {
        let ends = try makePipe()
        let program = try scenario.start(["backup", "--stdin", "-v"] + options, input: ends[0])
        close(ends[0])
        let bytes = [UInt8](repeating: 7, count: 1000)
        _ = unsafe write(ends[1], bytes, bytes.count)
        while !program.complaintSoFar.contains("opened repository") { usleep(20_000) }
        // The lock is taken shortly after.
        while try scenario.shell("ls home/.local/state/holdfast/*/run-*.lock").status != 0 { usleep(20_000) }
        usleep(300_000)
        return (program, ends[1])
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func signalEndsTheRunCleanly(number: Int32) throws {
        let scenario = try Scenario.withKeyFile()
        let (program, writing) = try waitingBackup(scenario)
        program.signal(number)
        let outcome = program.wait()
        close(writing)
        #expect(outcome.status == 130, "\(outcome.complaint)")
        #expect(try scenario.succeed("snapshots", "--json").summary()["snapshots"] as? Int == 0)
        try scenario.succeed("check", "--read-data")
        try scenario.write("data/file", "content")
        try scenario.succeed("backup", "data")
    }

    @Test func aSignalThatTheCallerIgnoresStaysIgnored() throws {
        let scenario = try Scenario.withKeyFile()
        let ends = try makePipe()
        let command = "trap '' HUP; exec \(Program.binary) backup --stdin -v"
        let program = try Program(
            ["/bin/bash", "-c", command].map { Array($0.utf8) },
            environment: scenario.environment,
            directory: scenario.place.path,
            input: ends[0]
        )
        close(ends[0])
        while !program.complaintSoFar.contains("opened repository") { usleep(20_000) }
        program.signal(SIGHUP)
        usleep(300_000)
        close(ends[1])
        let outcome = program.wait()
        #expect(outcome.status == 0, "\(outcome.complaint)")
        #expect(try scenario.succeed("snapshots", "--json").summary()["snapshots"] as? Int == 1)
    }

    @Test func signalIsToldInJSON() throws {
        let scenario = try Scenario.withKeyFile()
        let ends = try makePipe()
        let program = try scenario.start(["backup", "--stdin", "--json"], input: ends[0])
        usleep(1_500_000)
        program.signal(SIGINT)
        let outcome = program.wait()
        for end in ends { close(end) }
        #expect(outcome.status == 130)
        let last = try #require(try jsonLines(outcome.errors).last)
        #expect(last["message_type"] as? String == "exit_error")
        #expect(last["code"] as? Int == 130)
    }

    @Test func secondRunOfADatasetIsRefused() throws {
        let scenario = try Scenario.withKeyFile()
        let (program, writing) = try waitingBackup(scenario)
        let second = try scenario.run("backup", "--stdin")
        #expect(second.status == 11, "\(second.complaint)")
        #expect(second.complaint.contains("in progress"))
        // Another dataset is free.
        try scenario.write("data/file", "content")
        try scenario.succeed("backup", "data")
        close(writing)
        #expect(program.wait().status == 0)
        #expect(try scenario.run("backup", "--stdin").status == 0)
    }

    @Test func closedPipeEndsAListingQuietly() throws {
        let scenario = try Scenario.withKeyFile()
        for number in 0..<3000 {
            try scenario.write("data/a rather long name for a file, so that pipes fill \(number)", "")
        }
        try scenario.succeed("backup", "-q", "data")
        let outcome = try scenario.shell("$HOLDFAST ls latest | head -c 10 > /dev/null; echo ${PIPESTATUS[0]}")
        #expect(outcome.text == "1\n")
        #expect(!outcome.complaint.contains("error"), "\(outcome.complaint)")
    }

    @Test func fullDiskUnderStandardOutputIsNoSuccess() throws {
        let scenario = try Scenario.withKeyFile()
        let outcome = try scenario.shell("$HOLDFAST key list > /dev/full")
        #expect(outcome.status == 1)
        #expect(outcome.complaint.contains("standard output"))
    }

    @Test func closedStreamsDoNoHarm() throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("data/file", "content")
        #expect(try scenario.shell("$HOLDFAST backup data >&- 2>&- <&-").status == 0)
        // What a listing is for is lost then.
        for command in ["ls latest", "snapshots --json", "dump latest", "key list"] {
            #expect(try scenario.shell("$HOLDFAST \(command) >&-").status == 1, "\(command)")
        }
        try scenario.succeed("check", "--read-data")
        #expect(try scenario.succeed("snapshots", "--json").summary()["snapshots"] as? Int == 1)
    }
}
