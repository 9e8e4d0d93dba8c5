internal import ObjectStorage

/// How often and after which pauses an operation is tried again.
///
/// The pauses grow exponentially and are drawn at random from nothing up to the bound ("full jitter", M. Brooker,
/// "Exponential Backoff And Jitter", AWS Architecture Blog 2015), so that many clients of a server that was away do not
/// come back in step.
package struct RetryPolicy: Sendable, Equatable {
    /// The bound of the first pause, seconds.
    package var firstPause = 0.5
    /// No pause is longer, seconds.
    package var longestPause = 60.0
    /// How long after its begin an operation is still tried again, seconds; 0 for one attempt alone.
    package var totalSeconds = 900.0

    /// The defaults: up to 15 minutes.
    package init() {}

    /// Tries so long.
    package init(totalSeconds: Double) { self.totalSeconds = totalSeconds }

    /// The pause before the next attempt.
    ///
    /// - Parameters:
    ///   - failures: how many attempts have failed, at least one.
    ///   - elapsed: seconds since the operation began.
    ///   - random: a number from 0 up to 1.
    /// - Returns: seconds; nil when it is enough.
    package func pause(afterFailures failures: Int, elapsed: Double, random: Double) -> Double? {
        guard elapsed < totalSeconds else { return nil }
        var bound = firstPause
        for _ in 1..<max(failures, 1) where bound < longestPause { bound *= 2 }
        // The last attempt is made at the very end, not given up a long pause before.
        return min(min(bound, longestPause) * random, totalSeconds - elapsed)
    }
}

extension StorageError {
    /// Whether the same operation may succeed later without anybody's doing.
    var isTransient: Bool { code == .unavailable }
}
