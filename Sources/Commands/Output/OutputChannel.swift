import Glibc
import Synchronization

/// Standard output or standard error, buffered, for any thread; remembers the first failure instead of throwing it.
final class OutputChannel: Sendable {
    private struct State {
        var buffer: [UInt8] = []
        var failure: Int32?
    }

    /// The descriptor that is written to.
    let number: Int32
    private let state = Mutex(State())
    private static let flushAbove = 32 * 1024

    /// Writes to a descriptor that stays open.
    init(_ number: Int32) { self.number = number }

    /// Whether a person sees what is written.
    var isTerminal: Bool { isatty(number) == 1 }

    /// The error number of the first write that failed.
    var failure: Int32? { state.withLock { $0.failure } }

    /// Adds bytes, which reach the descriptor soon.
    func write(_ bytes: some Sequence<UInt8>) {
        state.withLock { state in
            guard state.failure == nil else { return }
            state.buffer.append(contentsOf: bytes)
            if state.buffer.count >= OutputChannel.flushAbove { drain(&state) }
        }
    }

    /// Sends bytes, after those that were added before.
    func write(_ bytes: RawSpan) {
        state.withLock { state in
            drain(&state)
            guard state.failure == nil else { return }
            let failure = unsafe bytes.withUnsafeBytes { unsafe writeAll(number, $0) }
            if failure != 0 { state.failure = failure }
        }
    }

    /// Sends everything that was added.
    func flush() { state.withLock { drain(&$0) } }

    private func drain(_ state: inout State) {
        let number = self.number
        let failure = unsafe state.buffer.withUnsafeBytes { unsafe writeAll(number, $0) }
        state.buffer.removeAll(keepingCapacity: true)
        if failure != 0, state.failure == nil { state.failure = failure }
    }
}

/// Writes all bytes, waiting where the other side is slow.
///
/// - Returns: 0, or the error number.
private func writeAll(_ number: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
    var done = 0
    while done < bytes.count {
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
        let count = unsafe Glibc.write(number, rest.baseAddress, rest.count)
        if count > 0 {
            done += count
        } else if errno == EAGAIN {
            // The stream was made non-blocking by whoever shares it.
            var request = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
            unsafe poll(&request, 1, 1000)
        } else if errno != EINTR {
            return errno
        }
    }
    return 0
}
