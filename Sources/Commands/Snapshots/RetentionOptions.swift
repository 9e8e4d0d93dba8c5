import ArgumentParser
import Repository
import Snapshots

/// How many slots a rule fills, as a user says it.
struct KeepNumber: ExpressibleByArgument, Sendable {
    let count: KeepCount

    init?(argument: String) {
        if argument == "unlimited" || argument == "-1" {
            count = .unlimited
        } else {
            guard let number = Int(argument), number >= 0 else { return nil }
            count = .count(number)
        }
    }
}

/// A span of time as a user says it.
struct SpanOption: ExpressibleByArgument, Sendable {
    let span: RetentionSpan

    init?(argument: String) {
        guard let span = try? RetentionSpan(argument) else { return nil }
        self.span = span
    }
}

/// Which snapshots are kept.
struct RetentionOptions: ParsableArguments {
    @Option(
        name: [.customShort("l"), .long],
        parsing: .unconditional,
        help: ArgumentHelp("Keep the last n snapshots; -1 or unlimited keeps all, here and below.", valueName: "n")
    )
    var keepLast: KeepNumber?

    @Option(
        name: [.customShort("H"), .long],
        parsing: .unconditional,
        help: ArgumentHelp("Keep one snapshot of each of the last n hours that have one.", valueName: "n")
    )
    var keepHourly: KeepNumber?

    @Option(
        name: [.customShort("d"), .long],
        parsing: .unconditional,
        help: ArgumentHelp("Keep one snapshot of each of the last n days that have one.", valueName: "n")
    )
    var keepDaily: KeepNumber?

    @Option(
        name: [.customShort("w"), .long],
        parsing: .unconditional,
        help: ArgumentHelp("Keep one snapshot of each of the last n weeks that have one.", valueName: "n")
    )
    var keepWeekly: KeepNumber?

    @Option(
        name: [.customShort("m"), .long],
        parsing: .unconditional,
        help: ArgumentHelp("Keep one snapshot of each of the last n months that have one.", valueName: "n")
    )
    var keepMonthly: KeepNumber?

    @Option(
        name: [.customShort("y"), .long],
        parsing: .unconditional,
        help: ArgumentHelp("Keep one snapshot of each of the last n years that have one.", valueName: "n")
    )
    var keepYearly: KeepNumber?

    @Option(
        help: ArgumentHelp(
            "Keep what is not older than the newest by more than this, such as 1y5m7d2h.",
            valueName: "span"
        )
    )
    var keepWithin: SpanOption?

    @Option(help: ArgumentHelp("Keep one of each hour within this before the newest.", valueName: "span"))
    var keepWithinHourly: SpanOption?

    @Option(help: ArgumentHelp("Keep one of each day within this before the newest.", valueName: "span"))
    var keepWithinDaily: SpanOption?

    @Option(help: ArgumentHelp("Keep one of each week within this before the newest.", valueName: "span"))
    var keepWithinWeekly: SpanOption?

    @Option(help: ArgumentHelp("Keep one of each month within this before the newest.", valueName: "span"))
    var keepWithinMonthly: SpanOption?

    @Option(help: ArgumentHelp("Keep one of each year within this before the newest.", valueName: "span"))
    var keepWithinYearly: SpanOption?

    @Option(help: "Keep snapshots that have all of these tags, joined by commas; may be given several times.")
    var keepTag: [String] = []

    @Option(
        help: ArgumentHelp(
            "Take snapshots of writers that are closer than this for one, whatever interval they declared.",
            valueName: "span"
        )
    )
    var writerInterval: SpanOption?

    /// The rules that the options describe.
    var rules: RetentionRules {
        var rules = RetentionRules()
        let counts: [(RetentionPeriod, KeepNumber?)] = [
            (.last, keepLast), (.hourly, keepHourly), (.daily, keepDaily), (.weekly, keepWeekly),
            (.monthly, keepMonthly), (.yearly, keepYearly),
        ]
        for (period, number) in counts { if let number { rules.counts[period] = number.count } }
        let spans: [(RetentionPeriod, SpanOption?)] = [
            (.hourly, keepWithinHourly), (.daily, keepWithinDaily), (.weekly, keepWithinWeekly),
            (.monthly, keepWithinMonthly), (.yearly, keepWithinYearly),
        ]
        for (period, span) in spans { if let span { rules.withinPeriods[period] = span.span } }
        rules.within = keepWithin?.span
        rules.tags = keepTag.map { $0.split(separator: ",").map(String.init) }
        rules.writerInterval = writerInterval?.span.seconds
        return rules
    }

    /// The rules in words.
    var summary: String {
        var parts: [String] = []
        let rules = self.rules
        for period in RetentionPeriod.allCases {
            switch rules.counts[period] {
            case .count(let number) where number > 0: parts.append("\(number) \(period.name)")
            case .unlimited: parts.append("all \(period.name)")
            case .count, nil: break
            }
        }
        if let within = rules.within { parts.append("all within \(within)") }
        for period in RetentionPeriod.allCases {
            if let span = rules.withinPeriods[period] { parts.append("\(period.name) within \(span)") }
        }
        for tags in rules.tags {
            parts.append(tags.isEmpty ? "all without tags" : "tags \(tags.joined(separator: ","))")
        }
        return parts.joined(separator: ", ")
    }
}
