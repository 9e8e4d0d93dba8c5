import FileSystem
import ObjectStorage
import TestSupport
import Testing

struct ConformanceTests {
    @Test(arguments: [true, false])
    func theLocalStoreConforms(usesRename: Bool) throws {
        let directory = try TemporaryDirectory()
        var count = 0
        let violations = try ObjectStoreConformance.violations(seed: 11) {
            count += 1
            return try LocalObjectStore.create(at: directory.path("store-\(count)"), usesRename: usesRename)
        }
        #expect(violations == [])
    }

    @Test
    func theMemoryStoreConforms() throws {
        #expect(try ObjectStoreConformance.violations(seed: 12) { MemoryObjectStore() } == [])
    }

    @Test
    func aFaultyStoreWithoutFaultsConforms() throws {
        #expect(try ObjectStoreConformance.violations(seed: 13) { FaultyStore(MemoryObjectStore()) } == [])
    }

    /// The suite itself must be able to fail: each of these faults breaks a rule that it checks.
    @Test(arguments: [
        FaultyStore.Rule(.create, occurrence: 2, .lie),
        FaultyStore.Rule(.read, occurrence: 1, .flipBit(77)),
        FaultyStore.Rule(.read, occurrence: 2, .truncate),
        FaultyStore.Rule(.remove, occurrence: 1, .lie),
        FaultyStore.Rule(.create, occurrence: 2, .failAfterEffect(StorageError(.unavailable, "no answer"))),
        FaultyStore.Rule(.list, occurrence: 1, .fail(StorageError(.unavailable, "no answer"))),
    ])
    func theSuiteFindsFaults(rule: FaultyStore.Rule) throws {
        let violations = try ObjectStoreConformance.violations(seed: 14) {
            FaultyStore(MemoryObjectStore(), rules: [rule])
        }
        #expect(!violations.isEmpty)
    }
}
