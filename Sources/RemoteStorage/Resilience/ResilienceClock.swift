internal import Glibc

/// Time and chance as the layer around a store needs them; given in tests.
package protocol ResilienceClock: Sendable {
    /// Seconds on a clock that never jumps.
    var now: Double { get }
    /// Lets time pass.
    func sleep(seconds: Double)
    /// A number from 0 up to 1.
    func random() -> Double
}

/// The machine's own.
package struct SystemResilienceClock: ResilienceClock {
    /// The clock of this machine.
    package init() {}

    /// Seconds since some moment before the program began.
    package var now: Double { Double(monotonicNanoseconds()) / 1e9 }

    /// Blocks the thread.
    package func sleep(seconds: Double) {
        guard seconds > 0 else { return }
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
        var rest = timespec()
        while unsafe nanosleep(&time, &rest) != 0, errno == EINTR { time = rest }
    }

    /// Drawn from the system.
    package func random() -> Double { Double.random(in: 0..<1) }
}
