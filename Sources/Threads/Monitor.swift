import Glibc

/// A state under a lock, with a condition to wait on: what bounded queues and latches are made of.
///
/// `Synchronization.Mutex` has no condition to wait on, so this one is POSIX's.
@safe
package final class Monitor<State>: @unchecked Sendable {
    // Every access to `state` happens with `mutex` held, which is why the class is Sendable.
    private var state: State
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    /// Takes the state into care.
    package init(_ state: State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        // Waits with a limit must not be moved by steps of the wall clock.
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `body` alone.
    package func withLock<Result, Failure: Error>(_ body: (inout State) throws(Failure) -> Result) throws(Failure)
        -> Result
    {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Runs `body` alone and wakes everybody who waits.
    package func change<Result, Failure: Error>(_ body: (inout State) throws(Failure) -> Result) throws(Failure)
        -> Result
    {
        unsafe pthread_mutex_lock(mutex)
        defer {
            unsafe pthread_cond_broadcast(condition)
            unsafe pthread_mutex_unlock(mutex)
        }
        return try body(&state)
    }

    /// Waits until `body` gives a value.
    ///
    /// - Parameter seconds: how long to wait at most; for ever without it.
    /// - Returns: `nil` when the time is over.
    package func wait<Result>(seconds: Double? = nil, _ body: (inout State) -> Result?) -> Result? {
        var deadline = timespec()
        if let seconds {
            unsafe clock_gettime(CLOCK_MONOTONIC, &deadline)
            let total = Int64(deadline.tv_nsec) + Int64(seconds * 1e9)
            deadline.tv_sec += Int(total / 1_000_000_000)
            deadline.tv_nsec = Int(total % 1_000_000_000)
        }
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) {
                // What changed here (room in a queue, an item taken) may be what another waits for.
                unsafe pthread_cond_broadcast(condition)
                return result
            }
            if seconds == nil {
                unsafe pthread_cond_wait(condition, mutex)
            } else if unsafe pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT {
                return body(&state)
            }
        }
    }
}

/// Something that happens once.
package final class Completion: Sendable {
    private let monitor = Monitor(false)

    /// Not finished yet.
    package init() {}

    /// Lets everybody who waits go on.
    package func finish() { monitor.change { $0 = true } }

    /// Waits for `finish`.
    package func wait() { _ = monitor.wait { $0 ? () : nil } }
}
