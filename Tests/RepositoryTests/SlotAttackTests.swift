import Cryptography
import ObjectStorage
import Records
import Repository
import TestSupport
import Testing

/// Row 9 of the attack table: key slots that cost more to try than they may.
@Suite struct SlotAttackTests {
    /// A passphrase slot with any parameters; its sealed part is noise.
    private func slot(
        _ repository: RepositoryID,
        log2N: UInt64,
        r: UInt64,
        p: UInt64,
        seed: UInt64 = 9
    ) throws -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        let header = KeySlotHeader(
            repository: repository,
            label: "hostile",
            kind: SlotKind.passphrase.rawValue,
            created: 0,
            suite: .aes256GCM,
            salt: random.bytes(32),
            scryptLog2N: log2N,
            scryptR: r,
            scryptP: p,
            commitment: Digest(random.bytes(32)) ?? .zero
        )
        return header.encodedPrefix() + littleEndian(300, 4) + random.bytes(300)
    }

    private func put(_ slot: [UInt8], in store: MemoryObjectStore) throws -> ObjectHash {
        let name = try unsafe SHA256.hash(slot.span.bytes)
        try store.put(ObjectName(ObjectNames.slot(name)), slot)
        return name
    }

    @Test(
        "Row 9: parameters beyond the bounds, or weaker than any slot is made, never reach the key derivation",
        arguments: [
            (30, 8, 1), (63, 8, 1), (64, 8, 1), (21, 8, 1), (255, 1, 1), (17, 8, 1 << 30), (17, 8, 5), (17, 1 << 30, 1),
            (17, 33, 1), (20, 32, 1), (17, 1, 1), (16, 8, 1), (14, 8, 1), (13, 8, 1), (1, 8, 1), (0, 8, 1), (17, 0, 1),
            (17, 8, 0), (UInt64.max, UInt64.max, UInt64.max),
        ] as [(UInt64, UInt64, UInt64)]
    )
    func row9CostsBeyondBounds(_ cost: (UInt64, UInt64, UInt64)) throws {
        let fixture = try RepositoryFixture()
        let hostile = try put(
            slot(fixture.repository.id, log2N: cost.0, r: cost.1, p: cost.2),
            in: fixture.store
        )
        let warnings = Warnings()
        // Only what is in `slots` is ever tried.
        let slots = try Slots(store: fixture.store, repository: fixture.repository.id, warn: warnings.add)
        #expect(!slots.slots.contains { $0.name == hostile })
        #expect(slots.slots.count == 1)
        #expect(warnings.all.count == 1)
        let error = #expect(throws: RepositoryError.self) {
            try Repository.open(
                store: fixture.store,
                credential: .passphrase(SecretHolder("password")),
                environment: RepositoryEnvironment()
            )
        }
        #expect(error?.code == .wrongKey)
        // The other slots open as ever.
        _ = try fixture.open()
    }

    @Test("Row 9: ten thousand slots are refused before one is read")
    func row9TenThousandSlots() throws {
        let fixture = try RepositoryFixture()
        for number in 0..<10_000 {
            let name = try unsafe SHA256.hash(littleEndian(UInt64(number), 8).span.bytes)
            try fixture.store.put(ObjectName(ObjectNames.slot(name)), [1, 2, 3])
        }
        let counting = FaultyStore(
            fixture.store,
            rules: [.init(.read, prefix: "keys/", .fail(StorageError(.other, "read")))]
        )
        for credential in [Credential.recovery(fixture.secret), .passphrase(try SecretHolder("password"))] {
            let error = #expect(throws: RepositoryError.self) {
                try Repository.open(store: counting, credential: credential, environment: RepositoryEnvironment())
            }
            #expect(error?.code == .integrity)
        }
        #expect(counting.injectedCount == 0)
    }

    @Test func aStoreThatDoesNotAnswerIsNoWrongKey() throws {
        let fixture = try RepositoryFixture()
        let silent = FaultyStore(
            fixture.store,
            rules: [.init(.read, prefix: "keys/", .fail(StorageError(.unavailable, "no answer")))]
        )
        let error = #expect(throws: StorageError.self) {
            try Repository.open(
                store: silent,
                credential: .recovery(fixture.secret),
                environment: RepositoryEnvironment()
            )
        }
        #expect(error?.code == .unavailable)
    }

    @Test("Row 9: a huge slot object is not read into memory")
    func row9HugeSlot() throws {
        let fixture = try RepositoryFixture()
        let name = try ObjectName(ObjectNames.slot(Digest([UInt8](repeating: 7, count: 32)) ?? .zero))
        try fixture.store.put(name, [UInt8](repeating: 0, count: 65 << 10))
        let warnings = Warnings()
        _ = try fixture.open(environment: RepositoryEnvironment(warn: warnings.add))
        #expect(warnings.all.contains { $0.contains("skipped") })
    }

    @Test func aRemovedSlotIsRefusedEvenIfItsObjectComesBack() throws {
        let fixture = try RepositoryFixture()
        let second = SecretHolder(try Secret.random(count: 32))
        let name = try fixture.repository.addSlot(NewSlot(.secret(second, .recoveryWords), label: "second"))
        let object = try #require(fixture.store.contents[ObjectName(ObjectNames.slot(name))])
        let opened = try Repository.open(
            store: fixture.store,
            credential: .recovery(second),
            environment: RepositoryEnvironment()
        )
        #expect(opened.slot == name)
        try fixture.repository.removeSlot(name)
        func open() throws -> Repository {
            try Repository.open(
                store: fixture.store,
                credential: .recovery(second),
                environment: RepositoryEnvironment()
            )
        }
        let gone = #expect(throws: RepositoryError.self) { try open() }
        #expect(gone?.code == .wrongKey)
        try fixture.store.put(ObjectName(ObjectNames.slot(name)), object)
        let back = #expect(throws: RepositoryError.self) { try open() }
        #expect(back?.code == .wrongKey)
        #expect(back?.message.contains("removed") ?? false)
        _ = try fixture.open()
    }

    @Test func theLastSlotIsNotRemoved() throws {
        let fixture = try RepositoryFixture()
        let slot = try #require(fixture.repository.slot)
        let error = #expect(throws: RepositoryError.self) { try fixture.repository.removeSlot(slot) }
        #expect(error?.code == .invalidRequest)
        _ = try fixture.open()
    }

    @Test func theWrongSecretIsAWrongKey() throws {
        let fixture = try RepositoryFixture()
        let error = #expect(throws: RepositoryError.self) {
            try Repository.open(
                store: fixture.store,
                credential: .recovery(SecretHolder(try Secret.random(count: 32))),
                environment: RepositoryEnvironment()
            )
        }
        #expect(error?.code == .wrongKey)
    }
}
