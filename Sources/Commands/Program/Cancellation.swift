import Glibc
import Synchronization
import Threads

/// Turns SIGINT, SIGTERM and SIGHUP into a request that the work ends cleanly; the second one ends the program at once.
enum Cancellation {
    private static let requested = Atomic<Bool>(false)

    /// Whether the user has asked the program to stop.
    static var isRequested: Bool { requested.load(ordering: .relaxed) }

    /// Blocks the signals in this thread, and so in all that it starts, and waits for them in a thread of its own.
    ///
    /// A handler could do next to nothing safely; a thread that waits may do everything.
    static func install() {
        signal(SIGPIPE, SIG_IGN)
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&signals, number) }
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        _ = WorkerThread(name: "signals") { wait() }
    }

    private static func wait() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&signals, number) }
        while true {
            var number: Int32 = 0
            guard unsafe sigwait(&signals, &number) == 0 else { continue }
            if requested.exchange(true, ordering: .relaxed) {
                Terminal.restore()
                _exit(ExitStatus.cancelled.rawValue)
            }
        }
    }
}
