import Cryptography
import Records
import Repository
import TestSupport
import Testing

/// What is deleted, written anew and left, by the facts alone.
@Suite struct PrunePlannerTests {
    private func fact(
        _ number: UInt8,
        _ type: PackType = .data,
        live: UInt64,
        dead: UInt64,
        isProtected: Bool = false,
        isRepackable: Bool = true
    ) throws -> PackFacts {
        let name = try #require(Digest([UInt8](repeating: number, count: 32)))
        var usage = PackUsage(pack: PackReference(name: name, byteCount: live + dead), type: type)
        usage.liveBytes = live
        usage.deadBytes = dead
        usage.liveCount = live > 0 ? 1 : 0
        return PackFacts(usage: usage, isProtected: isProtected, isRepackable: isRepackable)
    }

    @Test func deadPacksGoUnlessProtected() throws {
        let decision = PruneDecision.decide(
            [
                try fact(1, live: 0, dead: 100), try fact(2, live: 0, dead: 50, isProtected: true),
                try fact(3, live: 100, dead: 0),
            ],
            PrunePolicy()
        )
        #expect(decision.delete.map(\.pack.byteCount) == [100])
        #expect(decision.repack.isEmpty)
        #expect(decision.protected == 1 && decision.protectedBytes == 50)
        #expect(decision.remainingUnused == 0)
    }

    @Test func emptiestPackIsWrittenAnewFirst() throws {
        let facts = [
            try fact(1, live: 90, dead: 10), try fact(2, live: 10, dead: 90), try fact(3, live: 50, dead: 50),
        ]
        // 150 bytes are used: 50 per cent unused is another 150.
        var policy = PrunePolicy()
        policy.maxUnused = .percent(50)
        #expect(PruneDecision.decide(facts, policy).repack.isEmpty)
        policy.maxUnused = .bytes(60)
        var decision = PruneDecision.decide(facts, policy)
        #expect(decision.repack.map(\.deadBytes) == [90])
        #expect(decision.remainingUnused == 60)
        policy.maxUnused = .bytes(59)
        decision = PruneDecision.decide(facts, policy)
        #expect(decision.repack.map(\.deadBytes) == [90, 50])
        policy.maxUnused = .percent(0)
        #expect(PruneDecision.decide(facts, policy).repack.count == 3)
        policy.maxUnused = .unlimited
        #expect(PruneDecision.decide(facts, policy).repack.isEmpty)
    }

    @Test func budgetOfWritingIsKept() throws {
        let facts = [
            try fact(1, live: 10, dead: 190), try fact(2, live: 20, dead: 60), try fact(3, live: 30, dead: 40),
        ]
        var policy = PrunePolicy()
        policy.maxUnused = .bytes(0)
        policy.maxRepackBytes = 150
        // The first is too large; the others fit together.
        let decision = PruneDecision.decide(facts, policy)
        #expect(decision.repack.map(\.pack.byteCount) == [80, 70])
        #expect(decision.remainingUnused == 190)
    }

    @Test func metadataComesFirst() throws {
        let facts = [try fact(1, live: 1, dead: 99), try fact(2, .metadata, live: 90, dead: 10)]
        var policy = PrunePolicy()
        policy.maxUnused = .bytes(100)
        #expect(PruneDecision.decide(facts, policy).repack.map(\.type) == [.metadata])
        policy.maxUnused = .bytes(0)
        policy.metadataOnly = true
        let decision = PruneDecision.decide(facts, policy)
        #expect(decision.repack.map(\.type) == [.metadata])
        #expect(decision.remainingUnused == 99)
    }

    @Test func unreadablePacksStayAndAreTold() throws {
        var policy = PrunePolicy()
        policy.maxUnused = .bytes(0)
        let decision = PruneDecision.decide(
            [try fact(1, live: 10, dead: 70, isRepackable: false), try fact(2, live: 10, dead: 5)],
            policy
        )
        #expect(decision.repack.map(\.deadBytes) == [5])
        #expect(decision.unreadableUnused == 70)
        #expect(decision.remainingUnused == 70)
    }

    @Test func smallPacksAreJoinedInPairsAtLeast() throws {
        var policy = PrunePolicy()
        policy.joinsSmall = true
        policy.smallBelow = 50
        #expect(PruneDecision.decide([try fact(1, live: 10, dead: 0)], policy).repack.isEmpty)
        let facts = [
            try fact(1, live: 10, dead: 0), try fact(2, live: 20, dead: 0), try fact(3, live: 60, dead: 0),
            try fact(4, .metadata, live: 10, dead: 0), try fact(5, live: 30, dead: 0, isProtected: true),
        ]
        #expect(PruneDecision.decide(facts, policy).repack.map(\.liveBytes) == [10, 20])
    }

    @Test(arguments: 0..<200)
    func decisionsAddUp(seed: UInt64) throws {
        var random = SeededGenerator(seed: 7_000 + seed)
        func number(_ bound: UInt64) -> UInt64 { random.next() % bound }
        let facts = try (0..<UInt8(1 + number(30))).map { name in
            try fact(
                name,
                number(2) == 0 ? .data : .metadata,
                live: number(3) == 0 ? 0 : number(1000),
                dead: number(3) == 0 ? 0 : number(1000),
                isProtected: number(5) == 0,
                isRepackable: number(5) != 0
            )
        }
        var policy = PrunePolicy()
        policy.maxUnused = [.bytes(number(2000)), .percent(Double(number(99))), .unlimited][Int(number(3))]
        policy.maxRepackBytes = number(2) == 0 ? .max : number(5000)
        policy.joinsSmall = number(2) == 0
        policy.smallBelow = number(800)
        policy.metadataOnly = number(4) == 0
        let decision = PruneDecision.decide(facts, policy)
        let byName = Dictionary(uniqueKeysWithValues: facts.map { ($0.usage.pack.name, $0) })
        let names = (decision.delete + decision.repack).map(\.pack.name)
        #expect(Set(names).count == names.count)
        #expect(decision.delete.allSatisfy { $0.liveCount == 0 })
        for usage in decision.delete + decision.repack { #expect(byName[usage.pack.name]?.isProtected == false) }
        for usage in decision.repack {
            #expect(usage.liveCount > 0 && byName[usage.pack.name]?.isRepackable == true)
            #expect(!policy.metadataOnly || usage.type == .metadata)
        }
        #expect(decision.repack.reduce(0) { $0 + $1.pack.byteCount } <= policy.maxRepackBytes)
        let unused = facts.filter { $0.usage.liveCount > 0 }.reduce(0) { $0 + $1.usage.deadBytes }
        #expect(decision.remainingUnused == unused - decision.repack.reduce(0) { $0 + $1.deadBytes })
    }
}
