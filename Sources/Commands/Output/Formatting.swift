/// Numbers as people read them.
enum Format {
    /// A number of bytes with a binary unit and three decimals, such as `1.500 MiB`.
    static func bytes(_ count: UInt64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        guard count >= 1024 else { return "\(count) B" }
        var value = Double(count)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return "\(decimal(value, places: 3)) \(units[unit])"
    }

    /// A duration as `0:05`, `12:34` or `1:02:03`.
    static func duration(seconds: Double) -> String {
        let total = Int(max(0, min(seconds, 1e12)).rounded())
        let (hours, minutes, seconds) = (total / 3600, total / 60 % 60, total % 60)
        return hours > 0 ? "\(hours):\(twoDigits(minutes)):\(twoDigits(seconds))" : "\(minutes):\(twoDigits(seconds))"
    }

    /// A part of a whole as `12.34%`.
    static func percent(_ part: UInt64, of whole: UInt64) -> String {
        whole == 0 ? "100.00%" : decimal(min(1, Double(part) / Double(whole)) * 100, places: 2) + "%"
    }

    /// A count with its noun, such as `1 file` or `3 files`.
    static func count(_ number: some BinaryInteger, _ singular: String, _ plural: String? = nil) -> String {
        "\(number) \(number == 1 ? singular : plural ?? singular + "s")"
    }

    /// A number with so many decimals; the C library's formatting is variadic, and this is all of it that is needed.
    static func decimal(_ value: Double, places: Int) -> String {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = (value.magnitude * scale).rounded()
        guard scaled < 9e18 else { return "\(value)" }
        let digits = UInt64(scaled)
        let whole = digits / UInt64(scale)
        let rest = String(digits % UInt64(scale))
        let sign = value < 0 && digits > 0 ? "-" : ""
        return places == 0
            ? "\(sign)\(whole)" : "\(sign)\(whole).\(String(repeating: "0", count: places - rest.count))\(rest)"
    }

    /// A number with a zero before it if it has one digit.
    static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// A text filled up with blanks.
    static func padded(_ text: String, to width: Int, onTheLeft: Bool = false) -> String {
        let blanks = String(repeating: " ", count: max(0, width - text.count))
        return onTheLeft ? blanks + text : text + blanks
    }
}
