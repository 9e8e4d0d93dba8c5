import Cryptography
import Foundation
import Records
import Repository
import TestSupport
import Testing

@testable import Snapshots

/// A day in nanoseconds.
let nanosecondsPerDay: Int64 = 86_400_000_000_000

/// Which snapshots rules keep, when owners and managers make them: as restic keeps them.
@Suite struct RetentionTests {
    private func candidates(_ times: [Int64], tags: [[String]] = []) throws -> [RetentionCandidate] {
        let chain = ChainID(member: try MemberID.random(), incarnation: try Incarnation.random())
        let dataset = try DatasetID.random()
        return try times.enumerated().map { index, time in
            RetentionCandidate(
                id: try #require(Digest(Random.bytes(32))),
                time: time,
                chain: chain,
                number: UInt64(index) + 1,
                isTrusted: true,
                tags: index < tags.count ? tags[index] : [],
                dataset: dataset
            )
        }
    }

    /// The indices that stay, after sorting by time.
    private func kept(_ times: [Int64], tags: [[String]] = [], _ change: (inout RetentionRules) throws -> Void) throws
        -> [Int]
    {
        var rules = RetentionRules()
        try change(&rules)
        let verdicts = Retention.decide(try candidates(times, tags: tags), rules)
        #expect(verdicts.allSatisfy { !$0.reasons.isEmpty })
        return verdicts.indices.filter { verdicts[$0].isKept }
    }

    private func time(_ text: String) throws -> Int64 {
        let date = try #require(ISO8601DateFormatter().date(from: text))
        return Int64(date.timeIntervalSince1970) * 1_000_000_000
    }

    @Test func theNewestOfEachSlotStays() throws {
        let times = try [
            "2026-01-01T10:00:00Z", "2026-01-01T23:00:00Z", "2026-01-02T01:00:00Z", "2026-01-02T02:00:00Z",
            "2026-01-05T00:00:00Z",
        ].map(time)
        #expect(try kept(times) { $0.counts[.last] = .count(2) } == [3, 4])
        #expect(try kept(times) { $0.counts[.daily] = .count(2) } == [3, 4])
        // As long as slots are free the history keeps its beginning.
        #expect(try kept(times) { $0.counts[.daily] = .count(4) } == [0, 1, 3, 4])
        #expect(try kept(times) { $0.counts[.daily] = .unlimited } == [0, 1, 3, 4])
        // 2026-01-05 is a Monday.
        #expect(try kept(times) { $0.counts[.weekly] = .count(2) } == [3, 4])
        #expect(try kept(times) { $0.counts[.yearly] = .count(1) } == [4])
        #expect(try kept(times) { $0.counts[.hourly] = .unlimited } == [0, 1, 2, 3, 4])
    }

    @Test func spansCountFromTheNewest() throws {
        let times = try [
            "2024-02-28T12:00:00Z", "2024-02-29T12:00:00Z", "2025-02-28T12:00:00Z", "2025-03-01T13:00:00Z",
        ].map(time)
        #expect(try kept(times) { $0.within = try RetentionSpan("1y") } == [2, 3])
        #expect(try kept(times) { $0.within = try RetentionSpan("1y1h") } == [2, 3])
        // From 2024-03-01 13:00 two days and two hours back.
        #expect(try kept(times) { $0.within = try RetentionSpan("1y1d2h") } == [1, 2, 3])
        #expect(try kept(times) { $0.within = try RetentionSpan("12m2d2h") } == [0, 1, 2, 3])
        #expect(try kept(times) { $0.withinPeriods[.monthly] = try RetentionSpan("2y") } == [1, 2, 3])
    }

    @Test func tagsKeep() throws {
        let times: [Int64] = [1, 2, 3, 4]
        let tags = [["a", "b"], ["a"], [], ["b"]]
        #expect(try kept(times, tags: tags) { $0.tags = [["a", "b"]] } == [0])
        #expect(try kept(times, tags: tags) { $0.tags = [["a", "b"], ["b"]] } == [0, 3])
        #expect(try kept(times, tags: tags) { $0.tags = [[]] } == [2])
    }

    @Test(arguments: ["", "d", "5", "1x", "1d2", "-1d", "0d", "99999999999999999999d", "20000y", "1D"])
    func whatIsNoSpanIsRefused(_ text: String) {
        #expect(throws: RepositoryError.self) { try RetentionSpan(text) }
    }

    @Test func spansAreWrittenAsTheyAreRead() throws {
        #expect(try RetentionSpan("2h7d5m1y").description == "1y5m7d2h")
        #expect(try RetentionSpan("1y5m7d2h").seconds == UInt64(((365 + 150 + 7) * 24 + 2) * 3600))
    }

    /// The calendar against the C library's, over many years and at the borders of days.
    @Test func datesAreThoseOfTheCalendar() {
        var random = SeededGenerator(seed: 20261124)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        for _ in 0..<3000 {
            let seconds = Int64.random(in: -9_000_000_000...9_000_000_000, using: &random)
            let day = seconds - ((seconds % 86400) + 86400) % 86400
            for moment in [seconds, day, day - 1] {
                let date = Date(timeIntervalSince1970: TimeInterval(moment))
                let parts = calendar.dateComponents([.year, .month, .day], from: date)
                let own = CivilCalendar.utc.fields(moment * 1_000_000_000)
                // Foundation goes over to the Julian calendar in 1582.
                guard (parts.year ?? 0) > 1600 else { continue }
                #expect(own.year == Int64(parts.year ?? 0))
                #expect(own.month == Int64(parts.month ?? 0))
                #expect(own.day == Int64(parts.day ?? 0))
            }
        }
    }

    /// restic's rule as its source states it, for snapshots from the newest to the oldest.
    private func reference(_ times: [Int64], _ counts: [RetentionPeriod: KeepCount]) -> Set<Int> {
        var kept: Set<Int> = []
        for (period, count) in counts {
            var left = if case .count(let number) = count { number } else { -1 }
            var last: Int64?
            for index in times.indices.reversed() where left != 0 {
                let slot = period == .last ? Int64(index) : period.slot(times[index], .utc)
                if slot != last || index == 0 {
                    kept.insert(index)
                    last = slot
                    if left > 0 { left -= 1 }
                }
            }
        }
        return kept
    }

    @Test func countsKeepWhatResticKeeps() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<400 {
            let count = Int.random(in: 1...60, using: &random)
            let spreads: [Int64] = [3600, 86400 * 3, 86400 * 90, 86400 * 1500]
            let spread = spreads.randomElement(using: &random) ?? 1
            let times = (0..<count).map { _ in
                (1_700_000_000 + Int64.random(in: 0...spread, using: &random)) * 1_000_000_000
            }.sorted()
            guard Set(times).count == count else { continue }
            var counts: [RetentionPeriod: KeepCount] = [:]
            for period in RetentionPeriod.allCases where Bool.random(using: &random) {
                let number = Int.random(in: 0...8, using: &random)
                counts[period] = number == 8 ? .unlimited : .count(number)
            }
            let kept = Set(try self.kept(times) { $0.counts = counts })
            #expect(kept == reference(times, counts), "\(times) \(counts)")
        }
    }
}
