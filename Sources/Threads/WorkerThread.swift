internal import CLinux
import Glibc
import Synchronization

/// A thread of its own for blocking or computing work, which must not sit on the cooperative pool.
package final class WorkerThread: Sendable {
    private let completion = Completion()

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: shown by `ps -L` and debuggers; at most 15 bytes count.
    ///   - body: what the thread does. It ends when this returns.
    package init(name: String, _ body: @escaping @Sendable () -> Void) {
        let start = ThreadStart(name: name, completion: completion, body: body)
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        // Deep recursion is nowhere needed; small stacks keep many threads cheap.
        unsafe pthread_attr_setstacksize(&attributes, 1 << 20)
        unsafe pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let argument = unsafe Unmanaged.passRetained(start).toOpaque()
        let result = unsafe pthread_create(&thread, &attributes, threadMain, argument)
        unsafe pthread_attr_destroy(&attributes)
        if result != 0 {
            // Without a further thread the work is done on this one: slower, never lost.
            unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().run()
        }
    }

    /// Waits for the thread's end.
    package func join() { completion.wait() }
}

/// What a new thread is handed.
private final class ThreadStart: Sendable {
    private let name: String
    private let completion: Completion
    private let body: @Sendable () -> Void

    init(name: String, completion: Completion, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.completion = completion
        self.body = body
    }

    func run() {
        _ = unsafe String(name.prefix(15)).withCString { unsafe clinux_name_thread($0) }
        body()
        completion.finish()
    }
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument = unsafe argument {
        unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().run()
    }
    return nil
}
