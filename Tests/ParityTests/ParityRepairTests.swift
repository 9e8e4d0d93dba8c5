import Cryptography
import ObjectStorage
import Records
import Repository
import TestSupport
import Testing

@testable import Parity

@Suite struct ParityRepairTests {
    @Test func anyOneObjectOfAGroupMayBeLost() throws {
        let fixture = try ParityFixture(seed: 0x9a_01)
        try fixture.add(packs: 22)
        let created = try fixture.create()
        #expect(created.damaged.isEmpty && created.lost.isEmpty && created.made == 2)
        let before = try fixture.content()
        #expect(try fixture.repair().damaged.isEmpty)
        for name in before.keys.sorted() where ParityHead.protects(name) {
            // A fragment is a cache, which nothing misses.
            if name.path.hasPrefix("index/") { continue }
            try fixture.overwrite(name, nil)
            #expect(try fixture.repair(isDryRun: true).repaired == [name])
            #expect(try !fixture.store.exists(name))
            let report = try fixture.repair()
            #expect(report.damaged == [name] && report.repaired == [name] && report.isGood, "\(name)")
            #expect(try fixture.store.readAll(name, atMost: 1 << 30) == before[name])
        }
        #expect(try fixture.content() == before)
    }

    @Test(arguments: [0x9a_02, 0x9a_03] as [UInt64]) func thousandsOfFlippedBitsAreRepaired(seed: UInt64) throws {
        let fixture = try ParityFixture(seed: seed)
        try fixture.add(packs: 45)
        _ = try fixture.create()
        let before = try fixture.content()
        var random = SeededGenerator(seed: seed)
        var damaged = before.filter { !$0.key.path.hasPrefix("leases/") }
        let order = damaged.keys.sorted()
        let total = order.reduce(0) { $0 + (damaged[$1]?.count ?? 0) }
        // Of two and a half megabytes.
        #expect(total > 2 << 20)
        for _ in 0..<60 {
            var position = Int.random(in: 0..<total, using: &random)
            for name in order {
                let count = damaged[name]?.count ?? 0
                if position < count {
                    damaged[name]?[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                    break
                }
                position -= count
            }
        }
        for (name, bytes) in damaged where bytes != before[name] { try fixture.overwrite(name, bytes) }
        let report = try fixture.repair()
        #expect(report.isGood, "\(report)")
        #expect(report.repaired.count > 20)
        #expect(try fixture.content() == before)
        #expect(try fixture.repair().damaged.isEmpty)
    }

    /// A pack overwritten by other bytes, one that was cut off, and one with bytes appended.
    @Test func anyDamageOfOnePackIsRepaired() throws {
        let fixture = try ParityFixture(seed: 0x9a_04)
        try fixture.add(packs: 20)
        _ = try fixture.create()
        var random = SeededGenerator(seed: 4)
        let before = try fixture.content()
        let packs = before.keys.filter { $0.path.hasPrefix("packs/") }.sorted()
        for (number, name) in packs.prefix(4).enumerated() {
            let bytes = before[name] ?? []
            let changes = [random.bytes(bytes.count), Array(bytes.prefix(bytes.count / 3)), bytes + [1], []]
            try fixture.overwrite(name, changes[number])
            let report = try fixture.repair()
            #expect(report.repaired == [name] && report.isGood)
            #expect(try fixture.content() == before)
        }
    }

    @Test func tooMuchDamageIsToldAndNothingWrongIsStored() throws {
        let fixture = try ParityFixture(seed: 0x9a_05)
        try fixture.add(packs: 20)
        _ = try fixture.create()
        let before = try fixture.content()
        let packs = before.keys.filter { $0.path.hasPrefix("packs/") }.sorted()
        for name in packs.prefix(6) { try fixture.overwrite(name, nil) }
        let report = try fixture.repair()
        #expect(!report.isGood && report.repaired.isEmpty)
        #expect(Set(report.lost.map(\.name)) == Set(packs.prefix(6)))
        for (name, bytes) in try fixture.content() { #expect(bytes == before[name]) }
    }

    @Test func whatWasRemovedForGoodIsNotPutBack() throws {
        let fixture = try ParityFixture(seed: 0x9a_06)
        let first = try fixture.add(packs: 10)
        try fixture.add(packs: 12)
        _ = try fixture.create()
        // The first snapshot is forgotten and its packs are pruned.
        let repository = try fixture.open()
        let log = try CommitLog.load(repository)
        let commit = try #require(log.commits.first { $0.id == first })
        let forgotten = Forgotten(
            repository: repository.id,
            signer: repository.keyring.member,
            number: 0,
            time: 1,
            commits: [
                ForgottenCommit(
                    member: commit.commit.signer,
                    incarnation: commit.commit.incarnation,
                    number: commit.commit.number,
                    hash: commit.id,
                    previous: commit.commit.previous
                )
            ]
        )
        try fixture.store.put(
            ObjectName(ObjectNames.forgotten(0)),
            try SignedRecord.sign(forgotten, with: repository.keyring.signingKey)
        )
        for list in commit.commit.addedPackLists {
            let name = try ObjectName(
                ObjectNames.packList(member: list.member, run: list.run, number: list.number)
            )
            let key = try #require(repository.policies.key(of: list.member))
            let body = try SignedRecord.body(
                PackList.self,
                of: fixture.store.readAll(name, atMost: 1 << 26),
                signedBy: key,
                repository: repository.id
            )
            for pack in body.packs { try fixture.store.remove(ObjectName(ObjectNames.pack(pack.name))) }
            for fragment in body.fragments { try fixture.store.remove(ObjectName(ObjectNames.index(fragment.name))) }
            try fixture.store.remove(name)
        }
        let name = try #require(try fixture.names("commits/").first { $0.path.hasSuffix(first.hex) })
        try fixture.store.remove(name)
        let before = try fixture.content()
        let report = try fixture.repair()
        #expect(report.isGood && report.damaged.isEmpty && report.removed > 10)
        #expect(try fixture.content() == before)
        // New parity for what is left; the old goes.
        let created = try fixture.create()
        #expect(created.removed >= 2 && created.lost.isEmpty && created.damaged.isEmpty)
        let after = try fixture.repair()
        #expect(after.removed == 0 && after.unprotected.isEmpty && after.isGood)
        let pack = try #require(try fixture.names("packs/").first)
        try fixture.overwrite(pack, nil)
        #expect(try fixture.repair().repaired == [pack])
    }

    @Test func aGroupWithADamagedMemberStaysUntilItIsRepaired() throws {
        let fixture = try ParityFixture(seed: 0x9a_07)
        try fixture.add(packs: 8)
        _ = try fixture.create()
        let pack = try #require(try fixture.names("packs/").first)
        let whole = try fixture.store.readAll(pack, atMost: 1 << 30)
        var bytes = whole
        bytes[99] ^= 1
        for change in [bytes, nil] {
            try fixture.overwrite(pack, change)
            // There is more to protect, and the group is short of members: it would be replaced.
            try fixture.add(packs: 1)
            let report = try fixture.create()
            #expect(report.damaged == [pack] || report.lost == [pack])
            #expect(try fixture.repair().repaired == [pack])
            #expect(try fixture.store.readAll(pack, atMost: 1 << 30) == whole)
            _ = try fixture.create()
            #expect(try fixture.repair(isDryRun: true).unprotected.isEmpty)
        }
    }

    /// Somebody who may only add objects makes parity that tells of other bytes: it must not undo what is signed.
    @Test func aForgedGroupReplacesNothing() throws {
        let fixture = try ParityFixture(seed: 0x9a_08)
        try fixture.add(packs: 3)
        let repository = try fixture.open()
        let policy = try ObjectName(ObjectNames.policy(0))
        let list = try #require(try fixture.names("packlists/").first)
        let before = try fixture.content()
        for name in [policy, list] {
            let whole = before[name] ?? []
            var wrong = whole
            wrong[wrong.count - 1] ^= 1
            // The parity is that of wrong bytes, which lie there when it is made.
            try fixture.overwrite(name, wrong)
            let shape = try #require(
                ParityShape.choose(blockCounts: [(wrong.count + 63) / 64], blockLength: 64, percent: 100)
            )
            let head = ParityHead(
                repository: repository.id,
                shape: shape,
                percent: 100,
                members: [
                    ParityMember(
                        name: name,
                        byteCount: UInt64(wrong.count),
                        hash: try unsafe SHA256.hash(wrong.span.bytes)
                    )
                ]
            )
            let forged = try ParityEncoder.encode(head, store: fixture.store)
            let forgedName = try unsafe ObjectName(ObjectNames.parity(SHA256.hash(forged.span.bytes)))
            try fixture.store.put(forgedName, forged)
            try fixture.overwrite(name, whole)
            #expect(try fixture.repair().repaired.isEmpty)
            #expect(try fixture.store.readAll(name, atMost: 1 << 20) == whole)
            // Nor in the place of an object that is damaged already.
            var damaged = whole
            damaged[20] ^= 1
            try fixture.overwrite(name, damaged)
            let report = try fixture.repair()
            #expect(report.repaired.isEmpty && !report.isGood)
            #expect(try fixture.store.readAll(name, atMost: 1 << 20) == damaged)
            try fixture.overwrite(name, whole)
            try fixture.store.remove(forgedName)
        }
    }

    /// Wherever the writing ends: what was protected stays so.
    @Test func aCrashLosesNoProtection() throws {
        let memory = MemoryObjectStore()
        let fixture = try ParityFixture(seed: 0x9a_09, store: memory)
        try fixture.add(packs: 5)
        _ = try fixture.create()
        try fixture.add(packs: 2)
        let protected = try fixture.repair(isDryRun: true).protected
        for writes in 0..<5 {
            let copy = memory.copy()
            let faulty = FaultyStore(copy, stopAfterWrites: writes)
            _ = try? ParityCreation.run(store: faulty, percent: 5)
            let report = try ParityRepair(store: copy, isDryRun: true).run()
            #expect(report.protected >= protected && report.damaged.isEmpty)
            _ = try ParityCreation.run(store: copy, percent: 5)
            #expect(try ParityRepair(store: copy, isDryRun: true).run().unprotected.isEmpty)
        }
    }
}
