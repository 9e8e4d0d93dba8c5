import FileSystem
import Glibc
import TestSupport
import Testing

struct LongPathTests {
    let temporary: TemporaryDirectory

    init() throws { temporary = try TemporaryDirectory() }

    /// A component of 255 bytes that says its level.
    private func component(_ level: Int) -> [UInt8] {
        let digits = Array("\(level)-".utf8)
        return digits + [UInt8](repeating: 0xF0, count: 255 - digits.count)
    }

    /// Makes directories one in another and returns a stack that stands in the deepest.
    private func descend(_ depth: Int) throws -> DirectoryStack {
        var stack = DirectoryStack(root: temporary.directory)
        for level in 0..<depth {
            try stack.current.makeDirectory(component(level))
            try stack.push(component(level))
        }
        return stack
    }

    @Test
    func fiveThousandLevelsNeedFewDescriptors() throws {
        let depth = 5000
        var stack = try descend(depth)
        #expect(stack.depth == depth && stack.path.count == depth * 256 - 1)
        #expect(stack.openCount <= 1 + 256 + depth / 32 + 33)
        try stack.current.make("bottom", "here")
        var most = 0
        for level in stride(from: depth - 1, through: 0, by: -1) {
            try stack.pop()
            #expect(stack.depth == level)
            most = max(most, stack.openCount)
            if level % 500 == 0 {
                let expected = level == 0 ? [] : component(level - 1)
                #expect(stack.path.suffix(255) == ArraySlice(expected))
                #expect(try stack.current.names()[0] == component(level))
            }
        }
        #expect(most <= 1 + 256 + depth / 32 + 64)
        #expect(stack.path == [])
        try stack.pop()
        #expect(stack.depth == 0)
    }

    @Test
    func goingUpAndDownAgainKeepsTheCountBounded() throws {
        var stack = try descend(700)
        var random = SeededGenerator(seed: 6)
        for _ in 0..<60 {
            for _ in 0..<Int(random.next() % 90) { try stack.pop() }
            for _ in 0..<Int(random.next() % 90) where stack.depth < 700 { try stack.push(component(stack.depth)) }
            #expect(stack.openCount <= 1 + 256 + 700 / 32 + 64)
            let last = stack.depth == 0 ? [] : component(stack.depth - 1)
            #expect(stack.path.suffix(255) == ArraySlice(last))
            if stack.depth < 700 { #expect(try stack.current.names()[0] == component(stack.depth)) }
        }
    }

    @Test
    func aDirectoryThatWasReplacedMeanwhileIsNotReturnedTo() throws {
        var stack = try descend(320)
        // Level 270 was closed on the way down and is opened again on the way up.
        var above = DirectoryStack(root: temporary.directory)
        for level in 0..<270 { try above.push(component(level)) }
        try above.current.rename(component(270), to: above.current, as: name("moved"))
        try above.current.makeDirectory(component(270))
        var failure: SystemError?
        while failure == nil, stack.depth > 0 {
            do throws(SystemError) { try stack.pop() } catch { failure = error }
        }
        #expect(failure?.operation == "return to directory")
        #expect(failure?.errno == ESTALE || failure?.errno == ENOENT)
        #expect(stack.depth > 271)
    }

    @Test
    func aLinkInTheWayIsNotFollowedOnReturn() throws {
        var stack = try descend(320)
        var above = DirectoryStack(root: temporary.directory)
        for level in 0..<270 { try above.push(component(level)) }
        try above.current.rename(component(270), to: above.current, as: name("moved"))
        try above.current.makeSymbolicLink(component(270), target: name("moved"))
        expectError(ELOOP, ENOTDIR) { while stack.depth > 0 { try stack.pop() } }
    }

    @Test(arguments: [true, false])
    func pathsBeyondPathMaxAreOpened(usingOpenat2: Bool) throws {
        let stack = try descend(40)
        #expect(stack.path.count > 2 * 4096)
        try stack.current.make("bottom", "here")
        let beneath = try temporary.directory.openDirectory(beneath: stack.path, usingOpenat2: usingOpenat2)
        #expect(try beneath.content("bottom") == "here")
        let absolute = try Directory.open(path: name(temporary.path) + name("/") + stack.path)
        #expect(try absolute.content("bottom") == "here")
        let slashes = [UInt8](repeating: 0x2F, count: 5000)
        let odd = try Directory.open(path: slashes + name(temporary.path).dropFirst() + slashes + stack.path + slashes)
        #expect(try odd.content("bottom") == "here")
        let missing = stack.path + name("/none")
        expectError(ENOENT) {
            _ = try temporary.directory.openDirectory(beneath: missing, usingOpenat2: usingOpenat2)
        }
    }

    @Test(arguments: [4090, 4091, 4092, 4093, 4094, 4095, 4096, 4097, 5000])
    func everyLengthAroundTheLimitWorks(length: Int) throws {
        // Components of 100 bytes, and a last one that makes up the length.
        var path: [UInt8] = []
        while length - path.count > 202 { path += [UInt8](repeating: 0x61, count: 100) + [0x2F] }
        path += [UInt8](repeating: 0x62, count: min(100, length - path.count - 2)) + [0x2F]
        path += [UInt8](repeating: 0x63, count: length - path.count)
        #expect(path.count == length)
        var stack = DirectoryStack(root: temporary.directory)
        for part in path.split(separator: 0x2F) {
            try stack.current.makeDirectory(Array(part))
            try stack.push(Array(part))
        }
        let deepest = try stack.current.status().identity
        for usingOpenat2 in [true, false] {
            let opened = try temporary.directory.openDirectory(beneath: path, usingOpenat2: usingOpenat2)
            #expect(try opened.status().identity == deepest)
        }
        #expect(try Directory.open(path: name(temporary.path + "/") + path).status().identity == deepest)
    }
}
