import ArgumentParser

/// A length of time as people write it: `90`, `90s`, `5m`, `1h30m`.
struct TimeSpan: ExpressibleByArgument, Sendable, CustomStringConvertible {
    /// The length, seconds; below 100 days.
    var seconds: Double

    /// Takes seconds.
    init(seconds: Double) { self.seconds = seconds }

    /// Reads numbers with units; a number alone is seconds.
    init?(argument: String) {
        var total = 0.0
        var digits = ""
        for character in argument {
            if character.isASCII, character.isNumber || character == "." {
                digits.append(character)
                continue
            }
            guard let factor = ["s": 1.0, "m": 60, "h": 3600, "d": 86400][character], let number = Double(digits) else {
                return nil
            }
            total += number * factor
            digits = ""
        }
        if !digits.isEmpty {
            guard argument.allSatisfy({ !$0.isLetter }), let number = Double(digits) else { return nil }
            total = number
        }
        guard !argument.isEmpty, total >= 0, total < 100 * 86400 else { return nil }
        seconds = total
    }

    /// The length in the greatest unit that divides it.
    var description: String {
        guard seconds == seconds.rounded() else { return "\(seconds)s" }
        let whole = Int(seconds)
        if whole > 0, whole % 3600 == 0 { return "\(whole / 3600)h" }
        return whole > 0 && whole % 60 == 0 ? "\(whole / 60)m" : "\(whole)s"
    }

    /// What help shows as the default.
    var defaultValueDescription: String { description }
}
