import Foundation
@unsafe @preconcurrency import Glibc
import TestSupport
import Testing

/// Row 7 of the attack table, for good: nothing that a writer holds opens what is stored.
@Suite(.enabled(if: ProcessMemory.isReadable, "reading another process's memory takes root"))
struct WriteOnlyTests {
    /// A repository with one earlier snapshot by the writer itself, whose one file does not shrink.
    private func scenario() throws -> (scenario: Scenario, packs: [String], start: [UInt8]) {
        let scenario = try Scenario.withKeyFile()
        for (name, role) in [("writer", "writer"), ("reader", "reader")] {
            try scenario.succeed(
                "member",
                "invite",
                "--name",
                name,
                "--role",
                role,
                "--new-key-file",
                scenario.path(name)
            )
        }
        var random = SeededGenerator(seed: 70)
        let noise = random.bytes(20_000)
        try Data(noise).write(to: URL(fileURLWithPath: scenario.path("noise")))
        scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path("writer")
        try scenario.succeed("backup", "-q", "noise")
        return (scenario, scenario.objects("packs"), Array(noise.prefix(16)))
    }

    /// A pipe into which nothing more goes: who writes to it waits.
    private func fullPipe() throws -> [Int32] {
        let ends = try makePipe()
        let flags = fcntl(ends[1], F_GETFL)
        _ = fcntl(ends[1], F_SETFL, flags | O_NONBLOCK)
        let page = [UInt8](repeating: 0, count: 4096)
        while unsafe write(ends[1], page, page.count) > 0 {}
        while unsafe write(ends[1], page, 1) > 0 {}
        _ = fcntl(ends[1], F_SETFL, flags)
        return ends
    }

    /// What the memory of a process opens.
    private func hunt(_ process: pid_t, _ packs: [String], _ start: [UInt8]) throws -> KeyHunt {
        var hunt = try KeyHunt(packs: packs, plaintext: start)
        var regions: [[UInt8]] = []
        try ProcessMemory(process: process).forEachWritableRegion { regions.append($0) }
        for region in regions { try hunt.search(region) }
        return hunt
    }

    @Test("Row 7: key file, cache, state and memory of a writer open nothing that was stored before")
    func row7WriteOnlyIsReal() throws {
        let (scenario, packs, start) = try scenario()
        var files = try KeyHunt(packs: packs, plaintext: start)
        // The run that is to be looked at, held while its input is not at its end.
        let input = try makePipe()
        let output = try fullPipe()
        let program = try scenario.start(["backup", "--stdin"], input: input[0], output: output[1])
        let text = Array(String(repeating: "a line that says little\n", count: 12_000).utf8)
        // More than the pipe holds: once it is gone, the program is in the middle of its run.
        #expect(unsafe write(input[1], text, text.count) == text.count)
        let during = try hunt(program.process, packs, start)
        #expect(during.hits.isEmpty)
        #expect(during.count > 100)
        close(input[1])
        // Held again when all is done but for the summary.
        try ProcessMemory(process: program.process).waitUntilItWrites(to: 1)
        let atTheEnd = try hunt(program.process, packs, start)
        #expect(atTheEnd.hits.isEmpty)
        let own = scenario.objects("packs").filter { !packs.contains($0) }
        #expect(!own.isEmpty)
        // It has forgotten even what it has just stored.
        let after = try hunt(program.process, own, start)
        #expect(after.hits.isEmpty, "\(after.hits)")
        drain(output[0], closing: output[1])
        #expect(program.wait().status == 0)
        close(input[0])
        close(output[0])
        // What lies on the writer's disk.
        try files.search(file: scenario.path("writer"))
        for item in FileManager.default.enumerator(atPath: scenario.path("home"))?.allObjects as? [String] ?? [] {
            let path = scenario.path("home") + "/" + item
            var isDirectory: ObjCBool = false
            guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue
            else {
                continue
            }
            try files.search(file: path)
        }
        #expect(files.hits.isEmpty)
        #expect(files.count > 0)
    }

    @Test("Row 7, control: the same search finds a run's own keys, and a reader's")
    func row7TheSearchFinds() throws {
        let (scenario, packs, start) = try scenario()
        // The writer's own content keys, while they are in use.
        let input = try makePipe()
        let program = try scenario.start(["backup", "--stdin"], input: input[0])
        var random = SeededGenerator(seed: 71)
        let noise = random.bytes(10_000) + [UInt8](repeating: 0x20, count: 300_000)
        #expect(unsafe write(input[1], noise, noise.count) == noise.count)
        var regions: [[UInt8]] = []
        try ProcessMemory(process: program.process).forEachWritableRegion { regions.append($0) }
        close(input[1])
        #expect(program.wait().status == 0)
        close(input[0])
        var own = try KeyHunt(packs: scenario.objects("packs").filter { !packs.contains($0) }, plaintext: start)
        for region in regions { try own.search(region) }
        #expect(own.hits.contains { if case .contentKey = $0 { true } else { false } })
        #expect(!own.hits.contains(.readerKey))
        // A reader that is held while it reads.
        scenario.environment["HOLDFAST_KEY_FILE"] = scenario.path("reader")
        let output = try fullPipe()
        let reader = try scenario.start(["dump", "latest~1", scenario.path("noise")], output: output[1])
        try ProcessMemory(process: reader.process).waitUntilItWrites(to: 1)
        let hits = try hunt(reader.process, packs, start).hits
        drain(output[0], closing: output[1])
        #expect(reader.wait().status == 0)
        close(output[0])
        #expect(hits.contains(.readerKey))
        #expect(hits.contains { if case .contentKey = $0 { true } else { false } })
        #expect(hits.contains { if case .packKey = $0 { true } else { false } })
    }

    /// Reads a pipe to its end, in a thread of its own, so that who writes to it may go on.
    private func drain(_ end: Int32, closing other: Int32) {
        close(other)
        let thread = Thread {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while unsafe read(end, &buffer, buffer.count) > 0 {}
        }
        thread.start()
        while !thread.isFinished { usleep(1000) }
    }
}
