package import FileSystem

/// Where a repository's local files lie and whom to tell about oddities.
package struct RepositoryEnvironment: Sendable {
    /// Directory for what can be rebuilt; `nil` keeps everything in memory.
    package var cache: Directory?
    /// Directory for what is remembered; `nil` remembers nothing.
    package var state: Directory?
    /// Told of things that are wrong but do not stop the work.
    package var warn: @Sendable (String) -> Void
    /// Nanoseconds since 1970-01-01 UTC; tests inject their own clock.
    package var now: @Sendable () -> Int64
    /// Nanoseconds of a clock that never jumps: leases are timed by it.
    package var monotonic: @Sendable () -> Int64
    /// Waits so many nanoseconds.
    package var sleep: @Sendable (Int64) -> Void
    /// Whether a process that wrote a lease runs, where this host can tell.
    package var processState: @Sendable (ProcessIdentity) -> ProcessIdentity.State
    /// Asked now and then; `true` ends a run cleanly.
    package var isCancelled: @Sendable () -> Bool

    /// Puts the parts together.
    package init(
        cache: Directory? = nil,
        state: Directory? = nil,
        warn: @escaping @Sendable (String) -> Void = { _ in },
        now: @escaping @Sendable () -> Int64 = { wallClockNanoseconds() },
        monotonic: @escaping @Sendable () -> Int64 = { monotonicNanoseconds() },
        sleep: @escaping @Sendable (Int64) -> Void = { pauseMilliseconds(Int(clamping: $0 / 1_000_000)) },
        processState: @escaping @Sendable (ProcessIdentity) -> ProcessIdentity.State = { $0.state },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.cache = cache
        self.state = state
        self.warn = warn
        self.now = now
        self.monotonic = monotonic
        self.sleep = sleep
        self.processState = processState
        self.isCancelled = isCancelled
    }
}
