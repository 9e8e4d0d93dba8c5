import ArgumentParser

/// A number of bytes as people write it: `500`, `64k`, `10M`, `1.5G`, `2T`; the units are powers of 1024.
struct ByteSize: ExpressibleByArgument, Sendable {
    /// The number of bytes.
    var count: UInt64

    /// Reads a number with or without a unit.
    init?(argument: String) {
        var digits = argument[...]
        if digits.hasSuffix("iB") { digits = digits.dropLast(2) } else if digits.hasSuffix("B") { digits = digits.dropLast() }
        let units: [Character: Double] = ["k": 1 << 10, "K": 1 << 10, "m": 1 << 20, "M": 1 << 20, "g": 1 << 30]
        let greater: [Character: Double] = ["G": 1 << 30, "t": 1 << 40, "T": 1 << 40]
        var factor = 1.0
        if let last = digits.last, let unit = units[last] ?? greater[last] {
            factor = unit
            digits = digits.dropLast()
        }
        guard let first = digits.first, first.isNumber, let value = Double(digits), value >= 0, value * factor < 9e18
        else { return nil }
        count = UInt64(value * factor)
    }
}
