/// Spreads bytes over time: a bucket that fills at a rate, and from which what is sent is taken.
///
/// Times are seconds of any clock that never jumps.
package struct TokenBucket: Sendable {
    /// Bytes per second.
    package let rate: Double
    /// How much may be sent at once after a rest, bytes.
    package let capacity: Double

    private var level: Double
    private var last: Double?

    /// Makes a full bucket that holds what comes in a quarter of a second.
    package init(bytesPerSecond: Double) {
        rate = max(bytesPerSecond, 1)
        capacity = max(rate / 4, 1)
        level = capacity
    }

    /// Takes bytes, more than there are if need be.
    ///
    /// - Returns: how long to wait, in seconds, until they have come in.
    package mutating func take(_ count: Int, now: Double) -> Double {
        if let last, now > last { level = min(capacity, level + (now - last) * rate) }
        last = max(now, last ?? now)
        level -= Double(count)
        return level >= 0 ? 0 : -level / rate
    }
}
