import Cryptography
import Records
import Repository

/// Decides which snapshots of a group are kept; a pure function of its arguments.
///
/// Of snapshots that owners and managers made, each slot keeps the newest, as restic does. What writers made is judged so
/// that a stolen writer's key cannot push out what was stored before the theft:
///
/// - Their times are those of `EffectiveTimes`, so a writer can neither date back nor ahead.
/// - A slot keeps the *first* of each chain: what comes later takes no slot away, nor does another chain that claims to
///   come earlier. The newest of the group stays besides.
/// - A rule of slots shorter than the interval that they declared (a day if none) counts intervals: what comes closer
///   than three quarters of one belongs to the same, takes no slot of its own, and stays as long as its first does.
///
/// So a flood fills no more slots than backups at the declared rate, and age comes with real time alone.
package enum Retention {
    /// Snapshots of a writer that declares no interval are taken to come once a day, seconds.
    static let undeclaredInterval: UInt64 = 86400

    /// Judges the snapshots of one group.
    ///
    /// - Returns: a verdict for each, the oldest first.
    package static func decide(
        _ candidates: [RetentionCandidate],
        _ rules: RetentionRules,
        calendar: CivilCalendar = .utc
    ) -> [RetentionVerdict] {
        let sorted = candidates.sorted(by: RetentionCandidate.isBefore)
        var pass = RetentionPass(sorted, rules, calendar)
        pass.keepNamed()
        if let within = rules.within { pass.keep(within: within) }
        for period in RetentionPeriod.allCases {
            if let count = rules.counts[period], count.isActive { pass.keep(period, count) }
        }
        for period in RetentionPeriod.allCases {
            if let span = rules.withinPeriods[period] { pass.keep(period, within: span) }
        }
        pass.keepNewestOfWriters()
        pass.keepLastGood()
        return pass.verdicts
    }
}

/// One judgement of a group: what the rules that were applied have said.
struct RetentionPass {
    /// The oldest first.
    private let sorted: [RetentionCandidate]
    private let rules: RetentionRules
    private let calendar: CivilCalendar
    private let bursts: WriterBursts
    private var kept: [[String]]
    private var dropped: [[String]]

    init(_ sorted: [RetentionCandidate], _ rules: RetentionRules, _ calendar: CivilCalendar) {
        self.sorted = sorted
        self.rules = rules
        self.calendar = calendar
        bursts = WriterBursts(sorted, interval: rules.writerInterval)
        kept = Array(repeating: [], count: sorted.count)
        dropped = kept
    }

    var verdicts: [RetentionVerdict] {
        sorted.indices.map { index in
            let isKept = !kept[index].isEmpty
            let reasons = isKept ? kept[index] : dropped[index].isEmpty ? ["no rule keeps it"] : dropped[index]
            return RetentionVerdict(id: sorted[index].id, isKept: isKept, reasons: reasons)
        }
    }

    /// Keeps what must be kept, and what has the tags.
    mutating func keepNamed() {
        for index in sorted.indices {
            kept[index] += sorted[index].mustKeep
            for wanted in rules.tags {
                let tags = sorted[index].tags
                if wanted.isEmpty ? tags.isEmpty : wanted.allSatisfy(tags.contains) {
                    kept[index].append(wanted.isEmpty ? "has no tags" : "has tags \(wanted.joined(separator: ","))")
                }
            }
        }
    }

    /// Keeps everything within a span before the newest.
    mutating func keep(within span: RetentionSpan) {
        guard let newest = sorted.last else { return }
        let start = calendar.moment(span, before: newest.time)
        for index in sorted.indices {
            if sorted[index].time > start {
                kept[index].append("within \(span)")
            } else {
                dropped[index].append("older than \(span)")
            }
        }
    }

    /// Fills slots from the newest on.
    mutating func keep(_ period: RetentionPeriod, _ count: KeepCount) {
        var left = count
        for slot in slots(period, sorted.indices) {
            guard left.isActive else {
                for index in slot.members { dropped[index].append("older than the \(period.name) snapshots to keep") }
                continue
            }
            if case .count(let number) = left { left = .count(number - 1) }
            fill(slot, "\(period.name) snapshot", period)
        }
        // As long as slots are free the history keeps its beginning.
        if left.isActive, let oldest = sorted.indices.first, !isKept(oldest, by: period) {
            kept[oldest].append("oldest \(period.name) snapshot")
        }
    }

    /// Keeps one of each slot within a span before the newest.
    mutating func keep(_ period: RetentionPeriod, within span: RetentionSpan) {
        guard let newest = sorted.last else { return }
        let start = calendar.moment(span, before: newest.time)
        let inside = sorted.indices.filter { sorted[$0].time > start }
        for index in sorted.indices where sorted[index].time <= start {
            dropped[index].append("older than \(span)")
        }
        for slot in slots(period, inside) { fill(slot, "\(period.name) within \(span)", period) }
    }

    /// Where a slot keeps the first, the present state must not be lost.
    mutating func keepNewestOfWriters() {
        guard rules.fillsSlots, let last = sorted.indices.last, !sorted[last].isTrusted, kept[last].isEmpty else {
            return
        }
        if kept.contains(where: { !$0.isEmpty }) { kept[last].append("newest snapshot") }
    }

    /// Keeps the newest whole snapshot of each dataset of which something, but nothing whole, is kept.
    mutating func keepLastGood() {
        for dataset in Set(sorted.map(\.dataset)).sorted() {
            let own = sorted.indices.filter { sorted[$0].dataset == dataset }
            guard own.contains(where: { !kept[$0].isEmpty }),
                !own.contains(where: { !kept[$0].isEmpty && sorted[$0].isGood }),
                let good = own.last(where: { sorted[$0].isGood })
            else { continue }
            kept[good].append("last complete snapshot of its dataset")
        }
    }

    /// Snapshots that share a slot.
    private struct Slot {
        var members: [Int]
    }

    /// The slots that snapshots fall into, the newest first.
    private func slots(_ period: RetentionPeriod, _ indices: some Sequence<Int>) -> [Slot] {
        var slots: [Slot] = []
        var last: Int64?
        for index in indices {
            // What belongs to an interval stands where that begins.
            let place = bursts.isFiner(period, at: index) ? bursts.first(of: index) : index
            let isOwn = period == .last && place == index
            let number = period.slot(sorted[place].time, calendar)
            if !isOwn, number == last, var slot = slots.popLast() {
                slot.members.append(index)
                slots.append(slot)
            } else if place != index, let known = slots.lastIndex(where: { $0.members.contains(place) }) {
                slots[known].members.append(index)
            } else {
                slots.append(Slot(members: [index]))
            }
            last = number
        }
        return slots.reversed()
    }

    /// Keeps those that a slot is for.
    private mutating func fill(_ slot: Slot, _ reason: String, _ period: RetentionPeriod) {
        var chosen: Set<Int> = []
        // Members ascend with time.
        if let newest = slot.members.last(where: { sorted[$0].isTrusted }) { chosen.insert(newest) }
        var chains: Set<ChainID> = []
        for index in slot.members where !sorted[index].isTrusted && chains.insert(sorted[index].chain).inserted {
            chosen.insert(index)
        }
        let firsts = chosen
        for index in slot.members where bursts.isFiner(period, at: index) && firsts.contains(bursts.first(of: index)) {
            chosen.insert(index)
        }
        let names = firsts.sorted().prefix(3).map { String(sorted[$0].id.hex.prefix(8)) }.joined(separator: ", ")
        for index in slot.members {
            if firsts.contains(index) {
                kept[index].append(reason)
            } else if chosen.contains(index) {
                kept[index].append("\(reason), in the interval of \(sorted[bursts.first(of: index)].id.hex.prefix(8))")
            } else {
                dropped[index].append("\(reason) is \(names)")
            }
        }
    }

    private func isKept(_ index: Int, by period: RetentionPeriod) -> Bool {
        kept[index].contains { $0.hasPrefix("\(period.name) snapshot") }
    }
}

/// Snapshots of writers that come closer than their declared interval.
struct WriterBursts {
    /// For each snapshot, the first of its interval: itself if it stands alone.
    private var firsts: [Int] = []
    /// For each snapshot, the interval in force, seconds; 0 for those of owners and managers.
    private var intervals: [UInt64] = []

    /// - Parameter sorted: the snapshots of a group, the oldest first.
    init(_ sorted: [RetentionCandidate], interval fixed: UInt64?) {
        var start: Int?
        // What was declared before counts, so that nobody shortens it for those before: the longest so far.
        var declared: UInt64 = 0
        var inForce: UInt64 = 0
        for index in sorted.indices {
            guard !sorted[index].isTrusted else {
                firsts.append(index)
                intervals.append(0)
                continue
            }
            if let start, UInt64(sorted[index].time - sorted[start].time) / 1_000_000_000 < inForce / 4 * 3 {
                firsts.append(start)
            } else {
                start = index
                declared = max(declared, sorted[index].interval)
                inForce = fixed ?? (declared > 0 ? declared : Retention.undeclaredInterval)
                firsts.append(index)
            }
            intervals.append(inForce)
        }
    }

    func first(of index: Int) -> Int { firsts[index] }

    /// Whether slots of a length are shorter than the interval.
    func isFiner(_ period: RetentionPeriod, at index: Int) -> Bool { period.seconds < intervals[index] }
}
