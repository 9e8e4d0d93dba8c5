import FileSystem
@unsafe @preconcurrency import Glibc
import Synchronization

/// Another program that this one has started, with its standard output at hand.
final class ChildProcess: Sendable {
    /// Its name, for messages.
    let name: String
    /// What it prints.
    let output: Descriptor
    private let process: pid_t
    private let status = Mutex<Int32?>(nil)

    /// Starts a program that is looked for in PATH; it does not inherit the password from the environment.
    ///
    /// - Throws: `SystemError` if it cannot be started.
    init(_ arguments: [String]) throws {
        name = arguments.first ?? ""
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw SystemError(errno: errno, operation: "make a pipe") }
        output = Descriptor(adopting: ends[0])
        let writing = Descriptor(adopting: ends[1])
        // The child must hold no end of its own pipe but the one it prints to.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        process = try ChildProcess.spawn(arguments, output: writing.rawValue)
        try writing.close()
    }

    /// Asks the program to end.
    func terminate() {
        status.withLock { if $0 == nil { _ = kill(process, SIGTERM) } }
    }

    /// Waits for the program's end.
    ///
    /// - Returns: nil if it ended with status 0, otherwise how it ended, in words.
    func waitForFailure() -> String? {
        var result: Int32 = 0
        if let known = status.withLock({ $0 }) {
            result = known
        } else {
            while unsafe waitpid(process, &result, 0) < 0, errno == EINTR {}
            status.withLock { $0 = result }
        }
        let signal = result & 0x7F
        if signal != 0 { return "was ended by signal \(signal)" }
        let code = result >> 8 & 0xFF
        return code == 0 ? nil : "ended with exit status \(code)"
    }

    private static func spawn(_ arguments: [String], output: Int32) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // This program blocks some signals and ignores another; its children must not.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
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
            if unsafe strncmp(entry, "HOLDFAST_PASSWORD=", 18) != 0 { variables.append(unsafe String(cString: entry)) }
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
