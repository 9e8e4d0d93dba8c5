import ObjectStorage
import TestSupport
import Testing

@testable import RemoteStorage

struct StoreProbeTests {
    private func problems(_ store: any ObjectStore) throws -> [String] {
        let probe = try StoreProbe(store)
        var problems: [String] = []
        try probe.check { if let problem = $0.problem { problems.append("\($0.name): \(problem)") } }
        _ = probe.cleanUp()
        return problems
    }

    @Test
    func aGoodStoreKeepsAllPromisesAndIsLeftEmpty() throws {
        let store = MemoryObjectStore()
        #expect(try problems(store) == [])
        #expect(store.contents.isEmpty)
    }

    @Test
    func speedIsTheQuotientOfBytesAndTime() throws {
        var now = 0.0
        let probe = try StoreProbe(MemoryObjectStore()) {
            now += 0.5
            return now
        }
        let speed = try probe.measure(byteCount: 16 << 20)
        #expect(
            speed
                == StoreProbe.Speed(
                    upload: Double(32 << 20),
                    download: Double(32 << 20),
                    smallWrite: 0.5,
                    smallRead: 0.5
                )
        )
    }

    /// The probe must be able to find something: each of these breaks a promise.
    @Test(arguments: [
        FaultyStore.Rule(.create, occurrence: 2, .lie), FaultyStore.Rule(.read, occurrence: 3, .flipBit(5)),
        FaultyStore.Rule(.remove, .lie), FaultyStore.Rule(.list, .fail(StorageError(.unavailable, "no answer"))),
        FaultyStore.Rule(.read, occurrence: 6, .truncate),
    ])
    func brokenPromisesAreFound(rule: FaultyStore.Rule) throws {
        #expect(try !problems(FaultyStore(MemoryObjectStore(), rules: [rule])).isEmpty)
    }
}
