import Repository

/// A span of time as restic writes it: `1y5m7d2h`.
package struct RetentionSpan: Sendable, Hashable, CustomStringConvertible {
    /// Years of the calendar.
    package var years: Int64 = 0
    /// Months of the calendar.
    package var months: Int64 = 0
    /// Days of the calendar.
    package var days: Int64 = 0
    /// Hours of the clock.
    package var hours: Int64 = 0

    /// No time at all.
    package init() {}

    /// Reads numbers that are followed by `y`, `m`, `d` or `h`.
    ///
    /// - Throws: `RepositoryError.invalidRequest` for anything else, for spans of no length and of more than 10,000 years.
    package init(_ text: String) throws {
        let problem = RepositoryError(
            .invalidRequest,
            "\"\(text)\" is no span of time: write numbers with y, m, d or h behind them, such as 1y5m7d2h"
        )
        var digits = ""
        for character in text {
            if character.isASCII, character.isNumber {
                digits.append(character)
                continue
            }
            guard let number = Int64(digits), number <= 87_660_000 else { throw problem }
            digits = ""
            switch character {
            case "y": years += number
            case "m": months += number
            case "d": days += number
            case "h": hours += number
            default: throw problem
            }
        }
        let limit: Int64 = 87_660_000
        guard digits.isEmpty, self != RetentionSpan(), years <= 10_000, months <= 120_000, days <= limit, hours <= limit
        else { throw problem }
    }

    /// The span as it is written.
    package var description: String {
        [(years, "y"), (months, "m"), (days, "d"), (hours, "h")].filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined()
    }

    /// The span in seconds, a month as 30 days and a year as 365.
    package var seconds: UInt64 { UInt64(((years * 365 + months * 30 + days) * 24 + hours) * 3600) }
}

/// How many slots a rule fills.
package enum KeepCount: Sendable, Hashable {
    /// So many; 0 for a rule that is not asked for.
    case count(Int)
    /// All that there are.
    case unlimited

    /// Whether the rule keeps anything.
    package var isActive: Bool { self != .count(0) }
}

/// The lengths of slots.
package enum RetentionPeriod: Sendable, Hashable, CaseIterable {
    /// Each snapshot for itself.
    case last
    case hourly, daily, weekly, monthly, yearly

    /// The shortest slot of the kind, seconds.
    var seconds: UInt64 {
        switch self {
        case .last: 0
        case .hourly: 3600
        case .daily: 86400
        case .weekly: 7 * 86400
        case .monthly: 28 * 86400
        case .yearly: 365 * 86400
        }
    }

    /// As reasons name it.
    package var name: String {
        switch self {
        case .last: "last"
        case .hourly: "hourly"
        case .daily: "daily"
        case .weekly: "weekly"
        case .monthly: "monthly"
        case .yearly: "yearly"
        }
    }

    /// The slot that a moment falls into; slots ascend with time.
    func slot(_ time: Int64, _ calendar: CivilCalendar) -> Int64 {
        switch self {
        case .last: time
        case .hourly: calendar.hour(time)
        case .daily: calendar.day(time)
        case .weekly: calendar.week(time)
        case .monthly: calendar.month(time)
        case .yearly: calendar.year(time)
        }
    }
}

/// Which snapshots of a group are kept.
package struct RetentionRules: Sendable, Hashable {
    /// How many slots of each length.
    package var counts: [RetentionPeriod: KeepCount] = [:]
    /// Everything within a span before the newest.
    package var within: RetentionSpan?
    /// One of each slot within a span before the newest.
    package var withinPeriods: [RetentionPeriod: RetentionSpan] = [:]
    /// For each element, snapshots with all of its tags; an empty element stands for snapshots without tags.
    package var tags: [[String]] = []
    /// What writers are taken to have declared as their interval, seconds; nil for what they did declare.
    package var writerInterval: UInt64?

    /// No rules.
    package init() {}

    /// Whether snapshots are kept by their times.
    var fillsSlots: Bool { within != nil || !withinPeriods.isEmpty || counts.values.contains(where: \.isActive) }

    /// Whether nothing is asked for: then nothing would be kept.
    package var isEmpty: Bool { !fillsSlots && tags.isEmpty }
}
