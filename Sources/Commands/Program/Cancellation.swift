import Glibc
import Synchronization
import Threads

/// Turns SIGINT, SIGTERM and SIGHUP into a request that the work ends cleanly; the second one ends the program at once.
///
/// SIGTSTP stops the program as usual, but leaves no terminal behind that does not show what is typed.
enum Cancellation {
    private static let requested = Atomic<Bool>(false)

    /// Whether the user has asked the program to stop.
    static var isRequested: Bool { requested.load(ordering: .relaxed) }

    /// Blocks the signals in this thread, and so in all that it starts, and waits for them in a thread of its own.
    ///
    /// A handler could do next to nothing safely; a thread that waits may do everything.
    static func install() {
        signal(SIGPIPE, SIG_IGN)
        // What the caller ignores, as nohup does with SIGHUP, stays ignored.
        let numbers = [SIGINT, SIGTERM, SIGHUP, SIGTSTP].filter { !isIgnored($0) }
        guard !numbers.isEmpty else { return }
        var signals = set(of: numbers)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        _ = WorkerThread(name: "signals") { wait(for: numbers) }
    }

    private static func wait(for numbers: [Int32]) {
        var signals = set(of: numbers)
        while true {
            var number: Int32 = 0
            guard unsafe sigwait(&signals, &number) == 0 else { continue }
            if number == SIGTSTP {
                stop()
                continue
            }
            if requested.exchange(true, ordering: .relaxed) {
                Terminal.restore()
                _exit(ExitStatus.cancelled.rawValue)
            }
        }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        let before = signal(number, SIG_DFL)
        // SIG_IGN of signal.h.
        guard unsafe unsafeBitCast(before, to: Int.self) == 1 else { return false }
        signal(number, SIG_IGN)
        return true
    }

    private static func set(of numbers: [Int32]) -> sigset_t {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for number in numbers { unsafe sigaddset(&signals, number) }
        return signals
    }

    /// Stops the process until it is told to go on, by the signal itself: the kernel ignores it where there is no shell
    /// that could wake the process up again.
    private static func stop() {
        Terminal.pause()
        var signals = set(of: [SIGTSTP])
        unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        kill(getpid(), SIGTSTP)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        Terminal.resume()
    }
}
