internal import CLinux
@unsafe @preconcurrency internal import Glibc
internal import Synchronization

/// Another program that this one has started, with its streams at hand.
package final class ChildProcess: Sendable {
    /// What becomes of the child's streams, and how signals reach it.
    package struct Setting: Sendable {
        /// Whether its standard input is a pipe; otherwise it has this program's.
        package var pipesInput = false
        /// Whether its standard error is a pipe; otherwise it has this program's.
        package var pipesErrors = false
        /// Whether an interrupt typed on the terminal is kept from it, while it may still read from the terminal.
        package var blocksInterrupts = false
        /// Whether it is in a process group of its own: an interrupt does not reach it, and it may not read from the
        /// terminal.
        package var hasOwnGroup = false

        /// Standard output is a pipe, all else is this program's.
        package init() {}
    }

    /// Its name, for messages.
    package let name: String
    /// What it reads from, if that is a pipe.
    package let input: Descriptor?
    /// What it prints.
    package let output: Descriptor
    /// What it complains, if that is a pipe.
    package let errors: Descriptor?
    private let process: pid_t
    private let status = Mutex<Int32?>(nil)

    /// Starts a program that is looked for in PATH; it does not inherit the password from the environment.
    ///
    /// - Throws: `SystemError` if it cannot be started.
    package init(_ arguments: [String], _ setting: Setting = Setting()) throws(SystemError) {
        // A write to a child that has ended must fail, not end this program.
        if setting.pipesInput { signal(SIGPIPE, SIG_IGN) }
        name = arguments.first ?? ""
        let outputs = try ChildProcess.pipe()
        let inputs = setting.pipesInput ? try ChildProcess.pipe() : nil
        let complaints = setting.pipesErrors ? try ChildProcess.pipe() : nil
        output = outputs.reading
        input = inputs?.writing
        errors = complaints?.reading
        process = try ChildProcess.spawn(
            arguments,
            setting,
            input: inputs?.reading.rawValue,
            output: outputs.writing.rawValue,
            errors: complaints?.writing.rawValue
        )
        // The ends that are the child's close here as their descriptors go.
    }

    /// Asks the program to end.
    package func terminate() { send(SIGTERM) }

    /// Ends the program.
    package func kill() { send(SIGKILL) }

    private func send(_ signal: Int32) {
        // Once it is waited for, the number may be another's.
        status.withLock { if $0 == nil { _ = Glibc.kill(process, signal) } }
    }

    /// Waits so long for the program's end, then asks it to end, and ends it if it does not.
    ///
    /// - Returns: nil if it ended with status 0, otherwise how it ended, in words.
    package func end(afterSeconds seconds: Double) -> String? {
        if !hasEnded(within: seconds) {
            terminate()
            if !hasEnded(within: 2) { kill() }
        }
        return waitForFailure()
    }

    private func hasEnded(within seconds: Double) -> Bool {
        for _ in 0...max(1, Int(seconds * 100)) {
            var information = unsafe siginfo_t()
            unsafe memset(&information, 0, MemoryLayout<siginfo_t>.size)
            let result = unsafe waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT | WNOHANG)
            if result < 0, errno != EINTR { return true }
            if result == 0, unsafe information.si_signo != 0 { return true }
            var pause = timespec(tv_sec: 0, tv_nsec: 10_000_000)
            unsafe nanosleep(&pause, nil)
        }
        return false
    }

    /// Waits for the program's end.
    ///
    /// - Returns: nil if it ended with status 0, otherwise how it ended, in words.
    package func waitForFailure() -> String? {
        var information = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        let result = status.withLock { status in
            if let status { return status }
            var result: Int32 = 0
            while unsafe waitpid(process, &result, 0) < 0, errno == EINTR {}
            status = result
            return result
        }
        let signal = result & 0x7F
        if signal != 0 { return "was ended by signal \(signal)" }
        let code = result >> 8 & 0xFF
        return code == 0 ? nil : "ended with exit status \(code)"
    }
}

extension ChildProcess {
    private static func pipe() throws(SystemError) -> (reading: Descriptor, writing: Descriptor) {
        var ends: [Int32] = [-1, -1]
        try checked(unsafe clinux_pipe(&ends), "make a pipe")
        return (Descriptor(adopting: ends[0]), Descriptor(adopting: ends[1]))
    }

    private static func spawn(
        _ arguments: [String],
        _ setting: Setting,
        input: Int32?,
        output: Int32,
        errors: Int32?
    ) throws(SystemError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        if let input { unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO) }
        unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        if let errors { unsafe posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO) }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // This program blocks some signals and ignores another; its children must not.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        if setting.blocksInterrupts { unsafe sigaddset(&signals, SIGINT) }
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        if setting.hasOwnGroup { flags |= POSIX_SPAWN_SETPGROUP }
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        var process: pid_t = 0
        let error =
            unsafe withCStrings(arguments) { argv -> Int32 in
                unsafe withCStrings(environment()) { environment -> Int32 in
                    guard let name = unsafe argv[0] else { return ENOENT }
                    return unsafe posix_spawnp(&process, name, &actions, &attributes, argv, environment)
                } ?? ENOMEM
            } ?? ENOMEM
        guard error == 0 else {
            throw SystemError(errno: error, operation: "start", path: Array((arguments.first ?? "").utf8))
        }
        return process
    }

    /// The environment but for the password: a child needs it no more than anybody else.
    private static func environment() -> [String] {
        var variables: [String] = []
        var position = 0
        while let entry = unsafe environ[position] {
            if unsafe strncmp(entry, "HOLDFAST_PASSWORD=", 18) != 0,
                unsafe strncmp(entry, "HOLDFAST_FROM_PASSWORD=", 23) != 0
            {
                variables.append(unsafe String(cString: entry))
            }
            position += 1
        }
        return variables
    }
}

/// Lends texts as the null-terminated array of C strings that the system's calls take.
private func withCStrings<Result>(
    _ texts: [String],
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result? {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe texts.map { unsafe strdup($0) } + [nil]
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeMutableBufferPointer { buffer in
        unsafe buffer.baseAddress.map { unsafe body($0) }
    }
}
