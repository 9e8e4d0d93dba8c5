internal import Synchronization

/// A clock that stands still until somebody sleeps: a test of waiting takes no time.
package final class TestClock: Sendable {
    private struct State {
        var monotonic: Int64 = 1_000_000_000
        var wall: Int64
    }

    private let state: Mutex<State>

    /// Starts at a time, ns since 1970.
    package init(wall: Int64 = 1_760_000_000_000_000_000) { state = Mutex(State(wall: wall)) }

    /// Nanoseconds that never jump.
    package var monotonic: Int64 { state.withLock { $0.monotonic } }
    /// Nanoseconds since 1970.
    package var wall: Int64 { state.withLock { $0.wall } }

    /// Lets time go by.
    package func advance(_ nanoseconds: Int64) {
        state.withLock { state in
            state.monotonic += nanoseconds
            state.wall += nanoseconds
        }
    }
}
