/// Keeps operations from a store that has failed again and again.
///
/// One at a time goes ahead and finds out whether the store is back (Michael Nygard, "Release It!", 2007, §5.2). Times
/// are seconds of any clock that never jumps.
package struct CircuitBreaker: Sendable {
    /// What an operation is to do.
    package enum Verdict: Sendable, Equatable {
        /// Go ahead.
        case proceed
        /// Go ahead: it is the one that finds out.
        case probe
        /// Do not try before so many seconds have passed.
        case wait(Double)
    }

    /// So many failures in a row, of whatever operations, open the circuit.
    package let threshold: Int
    /// How long nothing is tried then, seconds.
    package let coolDown: Double

    private var failures = 0
    private var openUntil: Double?
    private var isProbing = false

    /// Makes a closed circuit.
    package init(threshold: Int = 8, coolDown: Double = 15) {
        self.threshold = threshold
        self.coolDown = coolDown
    }

    /// Whether operations are held back.
    package var isOpen: Bool { openUntil != nil }

    /// Asks before an attempt.
    package mutating func verdict(now: Double) -> Verdict {
        guard let openUntil else { return .proceed }
        if now < openUntil { return .wait(openUntil - now) }
        // Others look again when the probe may have ended.
        if isProbing { return .wait(min(coolDown, 1)) }
        isProbing = true
        return .probe
    }

    /// Notes that the store has answered, be it by a refusal.
    package mutating func noteAnswer() {
        failures = 0
        openUntil = nil
        isProbing = false
    }

    /// Notes that an attempt found the store unavailable.
    package mutating func noteFailure(now: Double) {
        failures += 1
        isProbing = false
        if failures >= threshold { openUntil = now + coolDown }
    }
}
