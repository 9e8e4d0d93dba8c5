import FileSystem
import Foundation
import Glibc
import TestSupport
import Testing

struct SystemTests {
    @Test
    func rootIsKnownByNameAndNumber() {
        #expect(NameService.userName(0) == name("root"))
        #expect(NameService.userName(0) == name("root"), "asked again, from memory")
        #expect(NameService.groupName(0) == name("root"))
        #expect(NameService.userID(named: name("root")) == 0)
        #expect(NameService.groupID(named: name("root")) == 0)
    }

    @Test
    func unknownNamesAndNumbersAreNil() {
        for _ in 0..<2 {
            #expect(NameService.userName(3_999_999_999) == nil)
            #expect(NameService.groupName(3_999_999_999) == nil)
            #expect(NameService.userID(named: name("no such user")) == nil)
            #expect(NameService.groupID(named: name("no such group")) == nil)
            #expect(NameService.userID(named: []) == nil)
            #expect(NameService.userID(named: name("root") + [0]) == nil)
            #expect(NameService.groupID(named: name("root") + [0]) == nil)
        }
    }

    @Test
    func manyUnknownNamesAreAnswered() {
        for index in 0..<9000 { #expect(NameService.userID(named: name("no such user \(index)")) == nil) }
        #expect(NameService.userID(named: name("root")) == 0)
    }

    @Test
    func theNameServiceAgreesWithItself() throws {
        let text = try Directory.open(path: name("/etc")).readFile(name("passwd"), limit: 1 << 20)
        for line in text.split(separator: 0x0A) {
            let fields = line.split(separator: 0x3A, omittingEmptySubsequences: false)
            guard fields.count == 7, let number = UInt32(String(decoding: fields[2], as: UTF8.self)) else { continue }
            #expect(NameService.userID(named: Array(fields[0])) == number)
        }
    }

    @Test
    func thisProcessRuns() throws {
        let current = ProcessIdentity.current
        #expect(current.process == getpid() && current.boot.count == 16 && current.start > 0)
        #expect(current.state == .running)
        #expect(ProcessIdentity("\(current)") == current)
    }

    @Test
    func anEndedProcessIsRecognised() throws {
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/bin/sleep")
        child.arguments = ["1000"]
        try child.run()
        let current = ProcessIdentity.current
        let number = child.processIdentifier
        func identity(start: UInt64) -> ProcessIdentity {
            ProcessIdentity(boot: current.boot, namespace: current.namespace, process: number, start: start)
        }
        // Field 22; the name of the program holds no blanks.
        let stat = try Directory.open(path: name("/proc/\(number)")).readFile(name("stat"), limit: 4096)
        let start = try #require(UInt64(String(decoding: stat.split(separator: 0x20)[21], as: UTF8.self)))
        #expect(identity(start: start).state == .running)
        // The same number, given to another process.
        #expect(identity(start: start &- 1).state == .ended)
        // Not SIGTERM: a thread of a test may have it blocked, and a child inherits that.
        kill(number, SIGKILL)
        child.waitUntilExit()
        #expect(identity(start: start).state == .ended)
    }

    @Test
    func nothingIsSaidAboutOtherMachines() {
        let current = ProcessIdentity.current
        let others = [
            ProcessIdentity(boot: "0123456789abcdef", namespace: current.namespace, process: 1, start: 1),
            ProcessIdentity(boot: current.boot, namespace: 1, process: 1, start: 1),
            ProcessIdentity(boot: "", namespace: 0, process: 1, start: 0),
        ]
        for other in others { #expect(other.state == .unknown) }
    }

    @Test(arguments: [
        "", "-", "---", "a-b-c-d", "zz-1-1-1", "ab-1-0-1", "ab-1--1-1", "ab-1-1-1-1", "ab-+1-1-1", "ab-1-01-1",
    ])
    func otherTextIsNoIdentity(text: String) {
        #expect(ProcessIdentity(text) == nil)
    }

    @Test
    func aMappedFileShowsItsContent() throws {
        let temporary = try TemporaryDirectory()
        let file = try temporary.directory.createFile(name("mapped"))
        #expect(try MappedFile(file).count == 0)
        #expect(try MappedFile(file).withBytes { $0.byteCount } == 0)
        var random = SeededGenerator(seed: 9)
        let bytes = random.bytes(100_001)
        try file.write(bytes)
        let mapped = try MappedFile(file)
        try file.close()
        mapped.adviseRandom()
        #expect(mapped.count == bytes.count)
        #expect(mapped[0] == bytes[0] && mapped[100_000] == bytes[100_000])
        #expect(mapped.array(5..<70_000) == Array(bytes[5..<70_000]))
        let sum = mapped.withBytes { span in unsafe span.withUnsafeBytes { unsafe $0.reduce(0) { $0 &+ Int($1) } } }
        #expect(sum == bytes.reduce(0) { $0 &+ Int($1) })
        for offset in [0, 1, 7, 99_993] {
            let expected = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
            #expect(mapped.load(UInt64.self, at: offset) == expected)
            #expect(mapped.load(UInt16.self, at: offset) == UInt16(truncatingIfNeeded: expected))
        }
    }
}
