import Cryptography
import ObjectStorage
import TestSupport
import Testing

@Suite struct ReplacementTests {
    enum Place: CaseIterable { case local, memory }

    private func store(_ place: Place, _ directory: TemporaryDirectory) throws -> any ObjectStore {
        switch place {
        case .local: try LocalObjectStore.create(at: directory.path("store"))
        case .memory: MemoryObjectStore()
        }
    }

    private func code(_ body: () throws -> Void) -> StorageError.Code? {
        do { try body() } catch { return (error as? StorageError)?.code }
        return nil
    }

    @Test(arguments: Place.allCases) func onlyDamageIsReplacedAndOnlyByWhatIsRight(place: Place) throws {
        let directory = try TemporaryDirectory()
        let store = try store(place, directory)
        let right = Array("the right bytes".utf8)
        let hash = try unsafe SHA256.hash(right.span.bytes)
        for path in ["packs/aa/\(hash.hex)", "plans/0000000001-\(hash.hex)"] {
            let name = try ObjectName(path)
            func replace(_ bytes: [UInt8], _ expected: Digest = hash) throws {
                try store.replaceDamaged(name, expected: expected, isWhole: nil) { try $0.append(bytes) }
            }
            try store.put(name, right)
            #expect(code { try replace(right) } == .alreadyExists)
            try store.remove(name)
            try store.put(name, Array("the wrong bytes".utf8))
            // Open files must not go on showing what was there.
            _ = try store.read(name, range: 0..<3)
            #expect(code { try replace(Array("others".utf8)) } == .other)
            let otherHash = try unsafe SHA256.hash(Array("others".utf8).span.bytes)
            #expect(code { try replace(Array("others".utf8), otherHash) } == .other)
            #expect(try store.readAll(name, atMost: 99) == Array("the wrong bytes".utf8))
            try replace(right)
            #expect(try store.readAll(name, atMost: 99) == right)
            try store.remove(name)
            try replace(right)
            #expect(try store.readAll(name, atMost: 99) == right)
        }
    }

    @Test(arguments: Place.allCases) func aNameWithoutAHashNeedsAJudge(place: Place) throws {
        let directory = try TemporaryDirectory()
        let store = try store(place, directory)
        let name = try ObjectName("policy/0000000000")
        let right = Array("signed".utf8)
        let hash = try unsafe SHA256.hash(right.span.bytes)
        try store.put(name, Array("whole as well".utf8))
        func replace(_ isWhole: ((_ bytes: [UInt8]) throws -> Bool)?) throws {
            try store.replaceDamaged(name, expected: hash, isWhole: isWhole) { try $0.append(right) }
        }
        #expect(code { try replace(nil) } == .other)
        #expect(code { try replace { _ in true } } == .alreadyExists)
        #expect(try store.readAll(name, atMost: 99) == Array("whole as well".utf8))
        try replace { $0 == right }
        #expect(try store.readAll(name, atMost: 99) == right)
    }
}
