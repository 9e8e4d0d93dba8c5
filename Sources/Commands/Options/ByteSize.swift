import ArgumentParser

/// A number of bytes as people write it: `500`, `64k`, `10M`, `1.5G`, `2T`; the units are powers of 1024.
struct ByteSize: ExpressibleByArgument, Sendable {
    /// The number of bytes.
    var count: UInt64

    /// Reads a number with or without a unit.
    init?(argument: String) {
        var digits = argument[...]
        if digits.hasSuffix("B") { digits = digits.dropLast(digits.hasSuffix("iB") ? 2 : 1) }
        var factor = 1.0
        if let last = digits.last?.lowercased(), let power = ["k", "m", "g", "t"].firstIndex(of: last) {
            for _ in 0...power { factor *= 1024 }
            digits = digits.dropLast()
        }
        guard let first = digits.first, first.isNumber, let value = Double(digits), value >= 0, value * factor < 9e18
        else { return nil }
        count = UInt64(value * factor)
    }
}
