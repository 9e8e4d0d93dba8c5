import ObjectStorage
import TestSupport
import Testing

/// The faults themselves, on which other tests rely.
struct FaultyStoreTests {
    private let memory = MemoryObjectStore()

    private func name(_ index: Int) throws -> ObjectName { try ObjectName("packs/\(index)") }

    private func code(_ body: () throws -> Void) -> StorageError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? StorageError)?.code
        }
    }

    @Test
    func failsTheWishedOperationAndNoOther() throws {
        let error = StorageError(.unavailable, "gone for a moment")
        let store = FaultyStore(memory, rules: [.init(.create, prefix: "packs/", occurrence: 2, .fail(error))])
        try store.put(ObjectName("other"), [0])
        try store.put(name(1), [1])
        #expect(code { try store.put(try name(2), [2]) } == .unavailable)
        try store.put(name(3), [3])
        #expect(memory.contents.count == 3 && store.injectedCount == 1)
    }

    @Test
    func aLostAnswerLeavesTheEffect() throws {
        let error = StorageError(.unavailable, "no answer")
        let store = FaultyStore(memory, rules: [.init(.create, occurrence: 1, .failAfterEffect(error))])
        #expect(code { try store.put(try name(1), [1]) } == .unavailable)
        #expect(code { try store.put(try name(1), [1]) } == .alreadyExists)
    }

    @Test
    func aLieDropsWhatWasWritten() throws {
        let store = FaultyStore(memory, rules: [.init(.create, occurrence: 1, .lie), .init(.remove, .lie)])
        let writer = try store.makeWriter()
        try writer.append([1])
        try writer.commit(as: name(1))
        #expect(memory.contents.isEmpty)
        try store.put(name(1), [1])
        try store.remove(name(1))
        #expect(memory.contents.count == 1)
    }

    @Test
    func aFlippedBitIsOneBit() throws {
        let store = FaultyStore(memory, rules: [.init(.read, .flipBit(13))])
        try store.put(name(1), [0, 0, 0])
        #expect(try store.readAll(name(1), atMost: 3) == [0, 32, 0])
        #expect(try store.read(name(1), range: 0..<1) == [32])
        var buffer: [UInt8] = [9, 9, 9, 9]
        try store.read(name(1), offset: 0, count: 2, into: &buffer, at: 1)
        #expect(buffer == [9, 0, 32, 9])
        #expect(memory.contents.values.first == [0, 0, 0])
    }

    @Test
    func aTruncatedReadThrows() throws {
        let store = FaultyStore(memory, rules: [.init(.read, occurrence: 2, .truncate)])
        try store.put(name(1), [1])
        #expect(try store.readAll(name(1), atMost: 1) == [1])
        #expect(code { _ = try store.readAll(try name(1), atMost: 1) } == .truncated)
    }

    @Test(arguments: [0, 1, 3])
    func aDeadStoreStaysDead(writes: Int) throws {
        let store = FaultyStore(memory, stopAfterWrites: writes)
        for index in 0..<writes { try store.put(name(index), [1]) }
        #expect(code { try store.put(try name(10), [1]) } == .unavailable)
        #expect(code { _ = try store.exists(try name(0)) } == .unavailable)
        #expect(code { try store.list(prefix: "") { _, _ in } } == .unavailable)
        #expect(code { _ = try store.makeWriter() } == .unavailable)
        #expect(memory.contents.count == writes)
        store.heal()
        try store.put(name(10), [1])
    }

    @Test
    func aSeedAlwaysGivesTheSameFaults() throws {
        func outcome(_ seed: UInt64) throws -> [Bool] {
            let faults: [FaultyStore.Fault] = [.fail(StorageError(.unavailable, "no answer"))]
            let store = FaultyStore(MemoryObjectStore(), seed: seed, oneIn: 3, faults: faults)
            return try (0..<100).map { index in
                let name = try name(index)
                return code { try store.put(name, [1]) } == nil
            }
        }
        let first = try outcome(1)
        #expect(try outcome(1) == first)
        #expect(try outcome(2) != first)
        #expect(first.count { !$0 } > 10 && first.count { $0 } > 10)
    }

    @Test
    func aCopyGoesItsOwnWay() throws {
        try memory.put(name(1), [1])
        let copy = memory.copy()
        try copy.put(name(2), [2])
        memory.overwrite(try name(1), with: nil)
        #expect(memory.contents.isEmpty && copy.contents.count == 2)
    }
}
