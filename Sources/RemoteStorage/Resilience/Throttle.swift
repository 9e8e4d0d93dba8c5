internal import Synchronization

/// Has threads wait so that what they transfer together keeps to a rate.
final class Throttle: Sendable {
    private let bucket: Mutex<TokenBucket>
    private let clock: any ResilienceClock

    init(bytesPerSecond: Double, _ clock: any ResilienceClock) {
        bucket = Mutex(TokenBucket(bytesPerSecond: bytesPerSecond))
        self.clock = clock
    }

    /// Waits until so many bytes may be transferred; at once when the user wants to stop.
    func wait(_ count: Int, _ isCancelled: () -> Bool) {
        guard count > 0 else { return }
        let end = clock.now + bucket.withLock { $0.take(count, now: clock.now) }
        while clock.now < end, !isCancelled() { clock.sleep(seconds: min(end - clock.now, 0.25)) }
    }
}
