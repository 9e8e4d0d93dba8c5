internal import CLinux
internal import Glibc

/// A moment as file systems record it, counted from 1970-01-01 00:00 UTC.
package struct Timestamp: Hashable, Comparable, Sendable {
    /// Whole seconds, negative before 1970.
    package let seconds: Int64

    /// Nanoseconds after the whole second, below 1,000,000,000.
    package let nanoseconds: UInt32

    /// Makes a moment; `nanoseconds` must be below 1,000,000,000 to be accepted by the system.
    package init(seconds: Int64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// The present moment of the system's wall clock.
    package static func now() -> Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
    }

    /// Orders by time.
    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}
