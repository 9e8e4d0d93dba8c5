import FileSystem
import TestSupport
import Testing

struct NameListTests {
    @Test
    func twoHundredThousandNamesAreSortedInLittleMemory() throws {
        let temporary = try TemporaryDirectory()
        var random = SeededGenerator(seed: 8)
        var expected: Set<[UInt8]> = []
        let alphabet: [UInt8] = [0x01, 0x61, 0x62, 0x7F, 0x80, 0xFF]
        var bytes = 0
        while expected.count < 200_000 {
            // Few different bytes, so that prefixes are shared and one name is often the start of another.
            let raw = random.bytes(1 + Int(random.next() % 30)).map { alphabet[Int($0) % 6] }
            guard expected.insert(raw).inserted else { continue }
            bytes += raw.count
            _ = try temporary.directory.createFile(raw)
        }
        var list = try temporary.directory.names()
        #expect(list.count == expected.count)
        #expect(list.memoryBytes <= bytes + 7 * expected.count)
        var previous = list[0]
        #expect(expected.contains(previous))
        var disordered = 0
        for index in 1..<list.count {
            let current = list[index]
            if !previous.lexicographicallyPrecedes(current) || !expected.contains(current) { disordered += 1 }
            previous = current
        }
        #expect(disordered == 0)
        for index in stride(from: 0, to: list.count, by: 9973) { #expect(list.index(of: list[index]) == index) }
        #expect(list.index(of: [0x63]) == nil && list.index(of: []) == nil)
        // Reading again starts from the beginning and reuses the list.
        try temporary.directory.readNames(into: &list)
        #expect(list.count == expected.count)
        try temporary.directory.makeDirectory(name("empty"))
        try temporary.directory.openDirectory(name("empty")).readNames(into: &list)
        #expect(list.isEmpty)
    }

    @Test
    func aShorterNameComesFirst() throws {
        let temporary = try TemporaryDirectory()
        let ordered: [[UInt8]] = [
            name("!"), name("A"), name("a"), name("a!"), name("aa"), name("ab"), name("b"), [0x80], [0xFF],
            [0xFF, 0x01],
        ]
        for raw in ordered.reversed() { try temporary.directory.makeDirectory(raw) }
        let list = try temporary.directory.names()
        #expect((0..<list.count).map { list[$0] } == ordered)
        #expect(list.kind(at: 0) == .directory || list.kind(at: 0) == nil)
        #expect(list.withName(at: 9) { $0.count } == 2)
    }

    @Test
    func anEmptyDirectoryHasNoNames() throws {
        let temporary = try TemporaryDirectory()
        let list = try temporary.directory.names()
        #expect(list.isEmpty && list.count == 0 && list.index(of: [0x61]) == nil)
    }

    @Test
    func aFileHasNoNames() throws {
        let temporary = try TemporaryDirectory()
        let file = try temporary.directory.make("file")
        expectError(20) { _ = try Directory(adopting: file).names() }
    }
}
