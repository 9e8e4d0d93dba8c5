import FileSystem
import Glibc
import TestSupport
import Testing

struct DescriptorTests {
    let temporary: TemporaryDirectory
    var directory: Directory { temporary.directory }

    init() throws { temporary = try TemporaryDirectory() }

    @Test
    func readsWhatWasWrittenAtPositions() throws {
        var random = SeededGenerator(seed: 1)
        let bytes = random.bytes(200_000)
        let file = try directory.createFile(name("data"))
        try file.write(bytes)
        try file.write([1, 2, 3], at: 100_000)
        var buffer = [UInt8](repeating: 9, count: 200_010)
        #expect(try file.read(from: 0, into: &buffer, at: 5, count: 200_005) == 200_000)
        var expected = bytes
        expected.replaceSubrange(100_000..<100_003, with: [1, 2, 3])
        #expect(Array(buffer[5..<200_005]) == expected)
        #expect(buffer[..<5] == [9, 9, 9, 9, 9] && buffer[200_005...] == [9, 9, 9, 9, 9])
        // The position stands at the end after the first write.
        #expect(try file.read(into: &buffer, at: 0, count: 10) == 0)
        let again = try directory.openFile(name("data"))
        #expect(try again.read(into: &buffer, at: 0, count: 10) == 10)
        #expect(Array(buffer[..<10]) == Array(expected[..<10]))
        try again.readExactly(into: &buffer, at: 0, count: 199_990)
        #expect(Array(buffer[..<199_990]) == Array(expected[10...]))
        expectError(SystemError.unexpectedEnd) { try again.readExactly(into: &buffer, at: 0, count: 1) }
        expectError(SystemError.unexpectedEnd) {
            try again.readExactly(from: 199_999, into: &buffer, at: 0, count: 2)
        }
        again.adviseSequential()
        again.adviseNotNeeded()
    }

    @Test
    func aPipeIsReadToTheWishedCount() throws {
        var ends: [Int32] = [0, 0]
        #expect(unsafe pipe(&ends) == 0)
        let (reader, writer) = (Descriptor(adopting: ends[0]), Descriptor(adopting: ends[1]))
        try writer.write("abc")
        try writer.write("def")
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(try reader.read(into: &buffer, at: 0, count: 5) == 5)
        try writer.close()
        #expect(try reader.read(into: &buffer, at: 5, count: 3) == 1)
        #expect(Array(buffer[..<6]) == name("abcdef"))
    }

    @Test
    func closingTwiceIsHarmlessAndUseAfterIsRefused() throws {
        let file = try directory.createFile(name("x"))
        let second = try file.duplicate()
        try file.close()
        try file.close()
        #expect(file.rawValue == -1)
        expectError(EBADF) { try file.sync() }
        try second.write("still open")
        #expect(try directory.content("x") == "still open")
        // A descriptor whose number is not open reports it on closing.
        expectError(EBADF) { try Descriptor(adopting: 999_999).close() }
    }

    @Test
    func theLastReferenceClosesTheFile() throws {
        var number: Int32 = -1
        do {
            let file = try directory.createFile(name("x"))
            number = file.rawValue
            #expect(try Directory.open(path: name("/proc/self/fd")).statusIfPresent(name("\(number)")) != nil)
            try file.dataSync()
        }
        // Another test may have been given the number meanwhile, but not for this file.
        let link = try? Directory.open(path: name("/proc/self/fd")).readLink(name("\(number)"))
        #expect(link != name(temporary.path("x")))
    }

    @Test(arguments: [0, 1, 4096, 100_000])
    func readsToTheEndWithinALimit(size: Int) throws {
        var random = SeededGenerator(seed: 2)
        let bytes = random.bytes(size)
        let file = try directory.createFile(name("x"))
        try file.write(bytes)
        #expect(try directory.readFile(name("x"), limit: size) == bytes)
        #expect(try directory.readFile(name("x"), limit: size + 1) == bytes)
        if size > 0 { expectError(EFBIG) { _ = try directory.readFile(name("x"), limit: size - 1) } }
    }

    @Test
    func readsFilesWhoseSizeIsStatedAsZero() throws {
        let text = try Directory.open(path: name("/proc/self")).readFile(name("status"), limit: 1 << 20)
        #expect(text.starts(with: name("Name:")))
    }

    @Test
    func findsDataBetweenHoles() throws {
        let file = try directory.createFile(name("sparse"))
        try file.truncate(to: 10 << 20)
        #expect(try file.status().size == 10 << 20)
        #expect(try file.dataRange(from: 0, to: 10 << 20) == nil)
        let block = [UInt8](repeating: 7, count: 4096)
        try file.write(block, at: 1 << 20)
        try file.write(block, at: 5 << 20)
        #expect(try file.dataRange(from: 0, to: 10 << 20) == 1 << 20..<(1 << 20) + 4096)
        #expect(try file.dataRange(from: (1 << 20) + 10, to: 10 << 20) == (1 << 20) + 10..<(1 << 20) + 4096)
        #expect(try file.dataRange(from: (1 << 20) + 4096, to: 10 << 20) == 5 << 20..<(5 << 20) + 4096)
        #expect(try file.dataRange(from: (1 << 20) + 4096, to: 5 << 20) == nil)
        #expect(try file.dataRange(from: 5 << 20, to: (5 << 20) + 1) == 5 << 20..<(5 << 20) + 1)
        #expect(try file.dataRange(from: (5 << 20) + 4096, to: 10 << 20) == nil)
        #expect(try file.dataRange(from: 7, to: 7) == nil)
        #expect(try file.dataRange(from: 20 << 20, to: 30 << 20) == nil)
        #expect(try file.status().allocatedBytes < 1 << 20)
        #expect(try file.punchHole(at: 1 << 20, count: 4096))
        #expect(try file.dataRange(from: 0, to: 10 << 20)?.lowerBound == 5 << 20)
    }

    @Test
    func roomIsReservedWithoutChangingTheSize() throws {
        let file = try directory.createFile(name("x"))
        #expect(try file.preallocate(1 << 20))
        let status = try file.status()
        #expect(status.size == 0 && status.allocatedBytes >= 1 << 20)
        #expect(try file.preallocate(0))
    }

    @Test
    func copiesRangesAndSharesBlocksWherePossible() throws {
        var random = SeededGenerator(seed: 4)
        let bytes = random.bytes(3 << 16)
        let source = try directory.createFile(name("source"))
        try source.write(bytes)
        let copy = try directory.createFile(name("copy"))
        var done = 0
        while let count = try copy.copyRange(of: source, from: Int64(done), count: 3 << 16, to: Int64(done)), count > 0
        {
            done += count
        }
        #expect(done == bytes.count)
        #expect(try directory.readFile(name("copy"), limit: 1 << 20) == bytes)
        let clone = try directory.createFile(name("clone"))
        let shared = try clone.cloneRange(of: source, from: 0, count: 3 << 16, to: 0)
        #expect(try directory.readFile(name("clone"), limit: 1 << 20) == (shared ? bytes : []))
        let proc = try Directory.open(path: name("/proc/self")).openFile(name("status"))
        #expect(try clone.cloneRange(of: proc, from: 0, count: 4096, to: 0) == false)
    }

    @Test
    func raisingTheDescriptorLimitReachesTheHardOne() throws {
        let limit = try raiseDescriptorLimit()
        #expect(limit >= 1024)
        #expect(try raiseDescriptorLimit() == limit)
    }
}
