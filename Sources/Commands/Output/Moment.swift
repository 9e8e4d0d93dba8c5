import Glibc

/// Points in time as people and JSON write them; nanoseconds since 1970-01-01 UTC inside.
enum Moment {
    /// `2026-11-24 09:33:22 +0100`, in the local zone.
    static func local(_ nanoseconds: Int64) -> String {
        let (fields, offset, _) = unsafe localFields(nanoseconds)
        return unsafe "\(date(fields)) \(time(fields)) \(zone(offset, separator: ""))"
    }

    /// `2026-11-24T09:33:22.123456789+01:00` (RFC 3339), in the local zone.
    static func rfc3339(_ nanoseconds: Int64) -> String {
        let (fields, offset, rest) = unsafe localFields(nanoseconds)
        let digits = String(rest)
        let fraction = rest == 0 ? "" : "." + String(repeating: "0", count: 9 - digits.count) + digits
        return unsafe "\(date(fields))T\(time(fields))\(fraction)\(zone(offset, separator: ":"))"
    }

    /// Reads `now`, a date, a date and time in the local zone, or RFC 3339 with its zone; a date is its first moment.
    ///
    /// - Throws: `UsageError` naming the forms that are understood.
    static func parse(_ text: String, now: Int64) throws -> Int64 {
        if text == "now" { return now }
        guard let nanoseconds = parseDate(Array(text.utf8)) else {
            throw UsageError(
                "\"\(text)\" is no time: write 2026-11-24, \"2026-11-24 09:33:22\" (local time) or 2026-11-24T09:33:22Z"
            )
        }
        return nanoseconds
    }

    private static func localFields(_ nanoseconds: Int64) -> (fields: tm, offset: Int, rest: Int64) {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var rest = nanoseconds % 1_000_000_000
        if rest < 0 {
            seconds -= 1
            rest += 1_000_000_000
        }
        var fields = unsafe tm()
        unsafe localtime_r(&seconds, &fields)
        return unsafe (fields, fields.tm_gmtoff, rest)
    }

    private static func date(_ fields: tm) -> String {
        let year = String(unsafe fields.tm_year + 1900)
        return String(repeating: "0", count: max(0, 4 - year.count))
            + "\(year)-\(Format.twoDigits(Int(unsafe fields.tm_mon) + 1))-\(Format.twoDigits(Int(unsafe fields.tm_mday)))"
    }

    private static func time(_ fields: tm) -> String {
        [unsafe fields.tm_hour, unsafe fields.tm_min, unsafe fields.tm_sec].map { Format.twoDigits(Int($0)) }
            .joined(separator: ":")
    }

    private static func zone(_ offset: Int, separator: String) -> String {
        let minutes = abs(offset) / 60
        return (offset < 0 ? "-" : "+") + Format.twoDigits(minutes / 60) + separator + Format.twoDigits(minutes % 60)
    }

    private static func parseDate(_ text: [UInt8]) -> Int64? {
        var rest = text[...]
        guard let year = number(&rest, digits: 4), take(&rest, "-"), let month = number(&rest, digits: 2),
            take(&rest, "-"), let day = number(&rest, digits: 2), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        var (hour, minute, second) = (0, 0, 0)
        var nanoseconds: Int64 = 0
        if take(&rest, "T") || take(&rest, " ") {
            guard let hours = number(&rest, digits: 2), take(&rest, ":"), let minutes = number(&rest, digits: 2),
                hours < 24, minutes < 60
            else { return nil }
            (hour, minute) = (hours, minutes)
            if take(&rest, ":") {
                guard let seconds = number(&rest, digits: 2), seconds <= 60 else { return nil }
                second = seconds
            }
            if take(&rest, ".") {
                let digits = rest.prefix { (0x30...0x39).contains($0) }
                guard (1...9).contains(digits.count) else { return nil }
                rest = rest.dropFirst(digits.count)
                nanoseconds = digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
                for _ in digits.count..<9 { nanoseconds *= 10 }
            }
        }
        var fields = unsafe tm()
        unsafe fields.tm_year = Int32(year - 1900)
        unsafe fields.tm_mon = Int32(month - 1)
        unsafe fields.tm_mday = Int32(day)
        unsafe (fields.tm_hour, fields.tm_min, fields.tm_sec) = (Int32(hour), Int32(minute), Int32(second))
        // The C library decides whether summer time is in force.
        unsafe fields.tm_isdst = -1
        guard let offset = parseZone(&rest), rest.isEmpty else { return nil }
        let seconds: Int64
        if let offset {
            seconds = Int64(unsafe timegm(&fields)) - offset
        } else {
            seconds = Int64(unsafe mktime(&fields))
        }
        // A day that the month does not have was carried into the next one.
        guard unsafe fields.tm_mday == Int32(day) else { return nil }
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? nil : product + nanoseconds
    }

    /// The seconds east of UTC that stand at the end; `.some(nil)` if no zone does, nil for anything else.
    private static func parseZone(_ rest: inout ArraySlice<UInt8>) -> Int64?? {
        if rest.isEmpty { return .some(.none) }
        if take(&rest, "Z") { return 0 }
        _ = take(&rest, " ")
        let isWest = rest.first == UInt8(ascii: "-")
        guard take(&rest, "+") || take(&rest, "-"), let hours = number(&rest, digits: 2) else { return nil }
        _ = take(&rest, ":")
        guard let minutes = number(&rest, digits: 2), hours < 24, minutes < 60 else { return nil }
        let seconds = Int64(hours * 3600 + minutes * 60)
        return isWest ? -seconds : seconds
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, digits: Int) -> Int? {
        let found = rest.prefix(digits)
        guard found.count == digits, found.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        rest = rest.dropFirst(digits)
        return found.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private static func take(_ rest: inout ArraySlice<UInt8>, _ character: Character) -> Bool {
        guard let first = rest.first, first == character.asciiValue else { return false }
        rest = rest.dropFirst()
        return true
    }
}
