import Glibc

/// Days, weeks and months of a time zone; pure but for the zone's offset, which is a parameter.
package struct CivilCalendar: Sendable {
    /// Seconds east of UTC at a moment, in seconds since 1970-01-01 UTC.
    let offset: @Sendable (Int64) -> Int64

    /// A calendar of a zone by its offset at each moment.
    package init(offset: @escaping @Sendable (Int64) -> Int64) { self.offset = offset }

    /// Without an offset.
    package static let utc = CivilCalendar { _ in 0 }

    /// The zone of this process (`TZ`).
    package static let local = CivilCalendar { seconds in
        var seconds = time_t(seconds)
        var fields = unsafe tm()
        unsafe localtime_r(&seconds, &fields)
        return Int64(unsafe fields.tm_gmtoff)
    }

    /// A date and the second of its day.
    struct Fields: Hashable {
        var year: Int64
        var month: Int64
        var day: Int64
        var second: Int64
    }

    /// The date at a moment, ns since 1970-01-01 UTC.
    func fields(_ nanoseconds: Int64) -> Fields {
        let (days, second) = localDay(nanoseconds)
        let (year, month, day) = CivilCalendar.date(days)
        return Fields(year: year, month: month, day: day, second: second)
    }

    /// The hour at a moment, counted through all years.
    func hour(_ nanoseconds: Int64) -> Int64 {
        let (days, second) = localDay(nanoseconds)
        return days * 24 + second / 3600
    }

    /// The day at a moment, counted through all years.
    func day(_ nanoseconds: Int64) -> Int64 { localDay(nanoseconds).days }

    /// The week at a moment, counted through all years; weeks begin on Monday, as in ISO 8601.
    func week(_ nanoseconds: Int64) -> Int64 {
        // 1970-01-01 was a Thursday.
        CivilCalendar.floor(localDay(nanoseconds).days + 3, by: 7).quotient
    }

    /// The month at a moment, counted through all years.
    func month(_ nanoseconds: Int64) -> Int64 {
        let fields = fields(nanoseconds)
        return fields.year * 12 + fields.month
    }

    /// The year at a moment.
    func year(_ nanoseconds: Int64) -> Int64 { fields(nanoseconds).year }

    /// The moment a span before another: years, months and days by the calendar, hours by the clock.
    ///
    /// A day that the month does not have is carried into the next month.
    func moment(_ span: RetentionSpan, before nanoseconds: Int64) -> Int64 {
        let fields = fields(nanoseconds)
        let months = fields.year * 12 + fields.month - 1 - span.years * 12 - span.months
        let (year, month) = CivilCalendar.floor(months, by: 12)
        let days = CivilCalendar.days(year, month + 1, 1) + fields.day - 1 - span.days
        let clock = days * 86400 + fields.second
        // The offset of the result decides; a clock time that does not exist is that of the offset before.
        var seconds = clock - offset(clock)
        seconds = clock - offset(seconds)
        let (result, overflow) = (seconds - span.hours * 3600).multipliedReportingOverflow(by: 1_000_000_000)
        // What lies before all times that can be told is before all snapshots.
        return overflow ? Int64.min : result + CivilCalendar.floor(nanoseconds, by: 1_000_000_000).rest
    }

    private func localDay(_ nanoseconds: Int64) -> (days: Int64, second: Int64) {
        let seconds = CivilCalendar.floor(nanoseconds, by: 1_000_000_000).quotient
        let (days, second) = CivilCalendar.floor(seconds + offset(seconds), by: 86400)
        return (days, second)
    }

    private static func floor(_ value: Int64, by divisor: Int64) -> (quotient: Int64, rest: Int64) {
        let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
    }

    /// The date of a day, by the proleptic Gregorian calendar; years are counted from March, so that the leap day is
    /// the last of its year.
    private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // 719,468 days from 0000-03-01 to 1970-01-01; 146,097 days in 400 years.
        let (era, dayOfEra) = floor(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    /// The day of a date.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let (era, yearOfEra) = floor(month <= 2 ? year - 1 : year, by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
