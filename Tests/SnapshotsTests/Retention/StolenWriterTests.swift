import Cryptography
import Records
import Repository
import TestSupport
import Testing

@testable import Snapshots

/// What a stolen writer's key can do to the snapshots that were stored before the theft: nothing but let time pass.
@Suite struct StolenWriterTests {
    /// A repository with one honest writer, a thief with its key, and a manager who forgets now and then.
    struct World {
        struct Stored {
            var id: ObjectHash
            var chain: ChainID
            var number: UInt64
            /// What the commit claims, and when it really came.
            var claimed: Int64
            var arrived: Int64
            var interval: UInt64
            var tags: [String]
            var isHonest: Bool
        }

        var random: SeededGenerator
        var stored: [Stored] = []
        var receipts: [ObjectHash: Int64] = [:]
        var lastLook: Int64 = 0
        let dataset: DatasetID
        let honest: ChainID
        var honestNumber: UInt64 = 0

        init(seed: UInt64) throws {
            random = SeededGenerator(seed: seed)
            dataset = try #require(DatasetID(random.bytes(16)))
            honest = ChainID(
                member: try #require(MemberID(random.bytes(16))),
                incarnation: try #require(Incarnation(random.bytes(8)))
            )
        }

        mutating func add(
            _ chain: ChainID,
            _ number: UInt64,
            claimed: Int64,
            at now: Int64,
            interval: UInt64,
            honest: Bool
        )
            throws
        {
            stored.append(
                Stored(
                    id: try #require(Digest(random.bytes(32))),
                    chain: chain,
                    number: number,
                    claimed: claimed,
                    arrived: now,
                    interval: interval,
                    tags: Bool.random(using: &random) ? ["keep"] : [],
                    isHonest: honest
                )
            )
        }

        mutating func backUp(at now: Int64, interval: UInt64) throws {
            honestNumber += 1
            try add(honest, honestNumber, claimed: now, at: now, interval: interval, honest: true)
        }

        /// Commits of the thief: any claim, any interval, in the honest chain or in new ones.
        mutating func attack(at now: Int64, count: Int) throws {
            var chain = honest
            var number = honestNumber + 1000
            for _ in 0..<count {
                if Bool.random(using: &random) {
                    chain = ChainID(
                        member: honest.member,
                        incarnation: try #require(Incarnation(random.bytes(8)))
                    )
                    number = 0
                }
                number += 1
                let far = 400 * nanosecondsPerDay
                let extremes: [Int64] = [Int64.min, Int64.max, 0, 1]
                let claimed: Int64 =
                    switch Int.random(in: 0...3, using: &random) {
                    case 0: now - Int64.random(in: 0...far, using: &random)
                    case 1: now + Int64.random(in: 0...far, using: &random)
                    case 2: extremes.randomElement(using: &random) ?? 0
                    default: now
                    }
                let intervals: [UInt64] = [0, 1, 60, 86400, UInt64.max, 1 << 40]
                let interval = intervals.randomElement(using: &random) ?? 0
                try add(chain, number, claimed: claimed, at: now, interval: interval, honest: false)
            }
        }

        /// What the manager sees: times, with receipts for what is new.
        mutating func look(at now: Int64) -> [ObjectHash: Int64] {
            let times = ArrivalTimes.estimate(
                stored.map {
                    ArrivalTimes.Claim(id: $0.id, chain: $0.chain, number: $0.number, time: $0.claimed, policyTime: 1)
                },
                receipts: receipts,
                lastLook: lastLook,
                now: now
            )
            for (id, time) in times where receipts[id] == nil { receipts[id] = time }
            lastLook = now
            return times
        }

        mutating func forget(_ rules: RetentionRules, at now: Int64) {
            let times = look(at: now)
            let candidates = stored.map {
                RetentionCandidate(
                    id: $0.id,
                    time: times[$0.id] ?? now,
                    chain: $0.chain,
                    number: $0.number,
                    isTrusted: false,
                    interval: $0.interval,
                    tags: $0.tags,
                    dataset: dataset
                )
            }
            let kept = Set(Retention.decide(candidates, rules).filter(\.isKept).map(\.id))
            stored.removeAll { !kept.contains($0.id) }
        }
    }

    /// The rules and how long they promise to keep what is the only one of its slot, in days.
    static let rules: [(name: String, days: Int64)] = [
        ("last", 10), ("daily", 12), ("weekly", 28), ("hourly", 10), ("within", 9), ("tag", 1000),
    ]

    private func make(_ name: String) throws -> RetentionRules {
        var rules = RetentionRules()
        switch name {
        case "last": rules.counts[.last] = .count(14)
        case "daily": rules.counts[.daily] = .count(13)
        case "weekly": rules.counts[.weekly] = .count(5)
        case "hourly": rules.counts[.hourly] = .count(14)
        case "within": rules.within = try RetentionSpan("9d")
        default:
            rules.tags = [["keep"]]
            rules.counts[.last] = .count(1)
        }
        return rules
    }

    @Test(
        "Row 7: whatever a stolen writer commits, what was stored before the theft leaves with time alone",
        arguments: rules.map(\.name),
        [0, 86400] as [UInt64]
    )
    func row7AgeOut(_ name: String, _ declared: UInt64) throws {
        let promised = try #require(StolenWriterTests.rules.first { $0.name == name }).days
        let rules = try make(name)
        for seed in 0..<12 as Range<UInt64> {
            var world = try World(seed: seed * 7 + declared)
            var choice = SeededGenerator(seed: 900 + seed)
            let start = 20_000 * nanosecondsPerDay
            let theft = 30
            var before: [ObjectHash: Int64] = [:]
            for day in 0..<60 {
                let now = start + Int64(day) * nanosecondsPerDay
                if day < theft {
                    // Nightly, an hour early or late.
                    let jitter = Int64.random(in: -3600...3600, using: &choice) * 1_000_000_000
                    let moment = now + 23 * 3_600_000_000_000 + jitter
                    try world.backUp(at: moment, interval: declared)
                    // Of the untagged nothing is promised where tags decide.
                    if let last = world.stored.last, name != "tag" || !last.tags.isEmpty { before[last.id] = moment }
                } else {
                    for _ in 0..<Int.random(in: 0...3, using: &choice) {
                        try world.attack(at: now + nanosecondsPerDay / 2, count: Int.random(in: 1...40, using: &choice))
                    }
                }
                // The manager does not come every day.
                if Int.random(in: 0...2, using: &choice) == 0 {
                    let end = now + nanosecondsPerDay - 1
                    world.forget(rules, at: end)
                    let left = Set(world.stored.map(\.id))
                    for (id, moment) in before where end - moment < promised * nanosecondsPerDay {
                        if name == "weekly", !isFirstOfWeek(moment, before.values) { continue }
                        #expect(
                            left.contains(id),
                            "seed \(seed), day \(day): one of \((end - moment) / nanosecondsPerDay) days"
                        )
                    }
                }
            }
        }
    }

    private func isFirstOfWeek(_ moment: Int64, _ all: some Sequence<Int64>) -> Bool {
        let week = CivilCalendar.utc.week(moment)
        return !all.contains { $0 < moment && CivilCalendar.utc.week($0) == week }
    }

    @Test("Row 7: a snapshot dated back or ahead counts by its arrival") func row7Claims() throws {
        let member = try MemberID.random()
        func claim(_ time: Int64, number: UInt64 = 1) throws -> ArrivalTimes.Claim {
            ArrivalTimes.Claim(
                id: try #require(Digest(Random.bytes(32))),
                chain: ChainID(member: member, incarnation: try Incarnation.random()),
                number: number,
                time: time,
                policyTime: 100
            )
        }
        let back = try claim(-5)
        let ahead = try claim(9000)
        let honest = try claim(1500)
        let old = try claim(200)
        let times = ArrivalTimes.estimate(
            [back, ahead, honest, old],
            receipts: [old.id: 200],
            lastLook: 1000,
            now: 2000
        )
        #expect(times[back.id] == 1000)
        #expect(times[ahead.id] == 2000)
        #expect(times[honest.id] == 1500)
        #expect(times[old.id] == 200)
        // On the first look a claim is bounded by the policy that it names.
        #expect(ArrivalTimes.estimate([back], receipts: [:], lastLook: 0, now: 2000)[back.id] == 100)
        // Later numbers of a chain do not arrive earlier.
        var first = honest
        first.time = 1800
        let second = ArrivalTimes.Claim(id: back.id, chain: first.chain, number: 2, time: 1100, policyTime: 0)
        #expect(ArrivalTimes.estimate([first, second], receipts: [:], lastLook: 1000, now: 2000)[second.id] == 1800)
    }

    @Test("Row 7: a flood takes one slot, and stays as evidence") func row7Flood() throws {
        var world = try World(seed: 3)
        let start = 20_000 * nanosecondsPerDay
        for day in 0..<7 { try world.backUp(at: start + Int64(day) * nanosecondsPerDay, interval: 86400) }
        let now = start + 7 * nanosecondsPerDay
        var rules = RetentionRules()
        rules.counts[.last] = .count(8)
        world.forget(rules, at: now - nanosecondsPerDay / 2)
        for index in 0..<500 as Range<UInt64> {
            try world.add(
                world.honest,
                8 + index,
                claimed: now + Int64(index),
                at: now,
                interval: 1,
                honest: false
            )
        }
        world.forget(rules, at: now + nanosecondsPerDay / 100)
        #expect(world.stored.filter(\.isHonest).count == 7)
        #expect(world.stored.filter { !$0.isHonest }.count == 500)
        // The manager may say what comes in one interval.
        rules.writerInterval = 1
        world.forget(rules, at: now + nanosecondsPerDay / 100)
        #expect(world.stored.count < 507)
    }

    @Test func theNewestOfAWriterStays() throws {
        var world = try World(seed: 4)
        for hour in 0..<5 {
            try world.backUp(at: 20_000 * nanosecondsPerDay + Int64(hour) * 3_600_000_000_000, interval: 3600)
        }
        var rules = RetentionRules()
        rules.counts[.daily] = .count(3)
        let (first, last) = (world.stored[0].id, world.stored[4].id)
        world.forget(rules, at: 20_001 * nanosecondsPerDay)
        #expect(world.stored.map(\.id) == [first, last])
    }
}
