import FileSystem
import Foundation
import Glibc
import ObjectStorage
import TestSupport
import Testing

/// What only a store in a directory has to watch for.
struct LocalObjectStoreTests {
    let temporary: TemporaryDirectory
    let store: LocalObjectStore
    let root: Directory

    init() throws {
        temporary = try TemporaryDirectory()
        // Nothing may rely on the umask; it stays away for the rest of the process.
        umask(0)
        store = try LocalObjectStore.create(at: temporary.path("above/store"))
        root = try temporary.directory.openDirectory(beneath: Array("above/store".utf8))
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func expect(
        _ code: StorageError.Code,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> Void
    ) {
        do {
            try body()
            Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        } catch {
            #expect((error as? StorageError)?.code == code, "\(error)", sourceLocation: sourceLocation)
        }
    }

    @Test
    func objectsAreFilesThatOnlyTheirOwnerReads() throws {
        try store.put(ObjectName("packs/ab/one"), bytes("content"))
        try store.put(ObjectName("format"), bytes("f"))
        #expect(try root.status().permissions == 0o700)
        #expect(try root.status(bytes("format")).permissions == 0o600)
        let packs = try root.openDirectory(bytes("packs"))
        #expect(try packs.status().permissions == 0o700 && packs.status(bytes("ab")).permissions == 0o700)
        #expect(try packs.openDirectory(bytes("ab")).readFile(bytes("one"), limit: 100) == bytes("content"))
        #expect(try packs.openDirectory(bytes("ab")).status(bytes("one")).permissions == 0o600)
        #expect(try root.status(bytes("tmp")).permissions == 0o700)
        let writer = try store.makeWriter()
        let unfinished = try root.openDirectory(bytes("tmp")).names()
        #expect(unfinished.count == 1)
        #expect(try root.openDirectory(bytes("tmp")).status(unfinished[0]).permissions == 0o600)
        writer.abandon()
        #expect(try root.openDirectory(bytes("tmp")).names().isEmpty)
    }

    @Test
    func openingNeedsAStoreAndChangesNothing() throws {
        expect(.notFound) { _ = try LocalObjectStore.open(at: temporary.path("missing")) }
        try store.put(ObjectName("a/b"), bytes("x"))
        try root.removeDirectory(bytes("tmp"))
        let opened = try LocalObjectStore.open(at: temporary.path("above/store"))
        #expect(try opened.readAll(ObjectName("a/b"), atMost: 1) == bytes("x"))
        #expect(try opened.removeStaleTemporaries() == 0)
        #expect(try root.statusIfPresent(bytes("tmp")) == nil)
        try opened.put(ObjectName("a/c"), bytes("y"))
        #expect(try opened.exists(ObjectName("a/c")))
        #expect(opened.location == temporary.path("above/store"))
    }

    @Test
    func linksInTheStoreAreRefused() throws {
        try temporary.directory.makeDirectory(bytes("outside"))
        let outside = try temporary.directory.openDirectory(bytes("outside"))
        let secret = try outside.createFile(bytes("secret"))
        try secret.write(bytes("secret"))
        try root.makeSymbolicLink(bytes("packs"), target: bytes("../../outside"))
        try store.put(ObjectName("index/real"), bytes("x"))
        let index = try root.openDirectory(bytes("index"))
        try index.makeSymbolicLink(bytes("link"), target: bytes("../../../outside/secret"))
        for name in [try ObjectName("packs/secret"), try ObjectName("index/link")] {
            expect(.damaged) { _ = try store.readAll(name, atMost: 100) }
            expect(.damaged) { _ = try store.read(name, range: 0..<1) }
            expect(.damaged) { _ = try store.byteCount(of: name) }
        }
        expect(.damaged) { try store.put(ObjectName("packs/new"), bytes("x")) }
        expect(.damaged) { try store.remove(ObjectName("packs/secret")) }
        expect(.alreadyExists) { try store.put(ObjectName("index/link"), bytes("x")) }
        expect(.damaged) { try store.list(prefix: "packs/") { _, _ in } }
        var listed: [String: UInt64] = [:]
        try store.list(prefix: "") { name, count in listed[name.path] = count }
        #expect(listed == ["packs": 0, "index/link": 0, "index/real": 1])
        #expect(try outside.readFile(bytes("secret"), limit: 100) == bytes("secret"))
        #expect(try outside.names().count == 1)
        // A link in the place of the folder of temporaries.
        try root.removeDirectory(bytes("tmp"))
        try root.makeSymbolicLink(bytes("tmp"), target: bytes("../../outside"))
        expect(.damaged) { _ = try store.makeWriter() }
        expect(.damaged) { try store.removeStaleTemporaries() }
        #expect(try outside.names().count == 1)
    }

    @Test
    func whatIsNoFileIsNoObject() throws {
        try store.put(ObjectName("a/real"), bytes("x"))
        let folder = try root.openDirectory(bytes("a"))
        try folder.makeNode(bytes("fifo"), kind: .fifo, permissions: 0o600)
        expect(.damaged) { _ = try store.readAll(ObjectName("a/fifo"), atMost: 10) }
        expect(.damaged) { _ = try store.byteCount(of: ObjectName("a/fifo")) }
        var listed: [String: UInt64] = [:]
        try store.list(prefix: "a/") { name, count in listed[name.path] = count }
        #expect(listed == ["a/fifo": 0, "a/real": 1])
        expect(.damaged) { _ = try store.readAll(ObjectName("a"), atMost: 10) }
        expect(.damaged) { _ = try store.readAll(ObjectName("a/real/below"), atMost: 10) }
    }

    @Test
    func strangersInTheDirectoryAreNotListed() throws {
        try store.put(ObjectName("packs/one"), bytes("x"))
        try root.makeDirectory(bytes("lost+found"))
        try root.openDirectory(bytes("packs")).makeDirectory(bytes("empty"))
        for stranger in [bytes(".DS_Store"), bytes("README"), [0xFF, 0xFE], bytes("a b"), bytes("é")] {
            _ = try root.openDirectory(bytes("packs")).createFile(stranger)
        }
        let writer = try store.makeWriter()
        var listed: [String] = []
        try store.list(prefix: "") { name, _ in listed.append(name.path) }
        #expect(listed == ["packs/one"])
        writer.abandon()
    }

    @Test
    func anObjectThatWasCutOffIsReportedAsTruncated() throws {
        let name = try ObjectName("packs/cut")
        try store.put(name, [UInt8](repeating: 1, count: 1000))
        #expect(try store.read(name, range: 0..<1000).count == 1000)
        try root.openDirectory(bytes("packs")).openFile(bytes("cut"), for: .writing).truncate(to: 500)
        // The store has the file open from before.
        expect(.truncated) { _ = try store.read(name, range: 0..<1000) }
        expect(.truncated) { _ = try LocalObjectStore.open(at: store.location).read(name, range: 499..<501) }
    }

    @Test
    func manyObjectsAreReadThroughFewDescriptors() throws {
        var random = SeededGenerator(seed: 21)
        var contents: [(ObjectName, [UInt8])] = []
        for index in 0..<100 {
            let content = random.bytes(100)
            contents.append((try ObjectName("packs/\(index % 7)/\(index)"), content))
            try store.put(contents[index].0, content)
        }
        for _ in 0..<3 {
            for (name, content) in contents { #expect(try store.read(name, range: 10..<90) == Array(content[10..<90])) }
        }
        #expect(try openFiles(below: temporary.path) <= 40)
    }

    private func openFiles(below path: String) throws -> Int {
        let directory = try Directory.open(path: bytes("/proc/self/fd"))
        let names = try directory.names()
        return (0..<names.count).count { index in
            (try? directory.readLink(names[index]))?.starts(with: bytes(path)) ?? false
        }
    }

    @Test(.enabled(if: SmallFileSystem.isPossible))
    func aFullDiskIsReportedAndLeavesNothingBehind() throws {
        let small = try SmallFileSystem(kibibytes: 512)
        let store = try LocalObjectStore.create(at: small.path)
        try store.put(ObjectName("packs/fits"), [UInt8](repeating: 1, count: 100_000))
        expect(.noSpace) { try store.put(ObjectName("packs/large"), [UInt8](repeating: 2, count: 1 << 20)) }
        let writer = try store.makeWriter()
        let part = [UInt8](repeating: 3, count: 100_000)
        expect(.noSpace) { for _ in 0..<10 { try writer.append(part) } }
        expect(.other) { try writer.commit(as: ObjectName("packs/part")) }
        #expect(try small.directory.openDirectory(bytes("tmp")).names().isEmpty)
        #expect(try store.exists(ObjectName("packs/fits")) && !store.exists(ObjectName("packs/large")))
        // There is room again for what fits.
        try store.put(ObjectName("packs/fits-too"), [UInt8](repeating: 4, count: 200_000))
    }

    @Test
    func staleTemporariesAreRemovedAndLiveOnesAreNot() throws {
        let folder = try root.openDirectory(bytes("tmp"))
        let current = ProcessIdentity.current
        func plant(_ owner: ProcessIdentity?, _ text: String = "", age: Int64) throws -> [UInt8] {
            let name = bytes(owner.map { "\($0)-" } ?? "") + bytes(text) + TemporaryName.random(prefix: "")
            _ = try folder.createFile(name)
            try folder.setTimes(name, modified: Timestamp(seconds: Timestamp.now().seconds - age))
            return name
        }
        let ended = ProcessIdentity(
            boot: current.boot,
            namespace: current.namespace,
            process: current.process,
            start: current.start &+ 1
        )
        let elsewhere = ProcessIdentity(boot: "0123456789abcdef", namespace: 1, process: 1, start: 1)
        let day: Int64 = 86_400
        let gone = [
            try plant(ended, age: 0), try plant(elsewhere, age: day + 60), try plant(nil, "stranger", age: day + 60),
        ]
        let kept = [
            try plant(current, age: 0), try plant(current, age: 10 * day), try plant(elsewhere, age: day - 60),
            try plant(nil, "stranger", age: 0), try plant(elsewhere, age: -day),
        ]
        let writer = try store.makeWriter()
        try writer.append([1])
        #expect(try store.removeStaleTemporaries() == gone.count)
        let left = try folder.names()
        #expect(left.count == kept.count + 1)
        for name in kept { #expect(left.index(of: name) != nil) }
        try writer.commit(as: ObjectName("a"))
        #expect(try store.readAll(ObjectName("a"), atMost: 1) == [1])
    }

    @Test
    func damageBehindTheStoresBackIsDescribed() throws {
        let name = try ObjectName("packs/x")
        do {
            _ = try store.readAll(name, atMost: 1)
        } catch {
            #expect("\(error)".hasPrefix("object packs/x: cannot open"))
            #expect("\(error)".contains("does not exist"))
            #expect((error as? StorageError)?.cause is SystemError)
        }
    }
}
