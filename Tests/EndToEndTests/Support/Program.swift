@unsafe @preconcurrency import Glibc

/// What a finished run of the program left behind.
struct Outcome {
    /// The exit status, or 128 and the number of the signal that ended it.
    var status: Int32
    /// Standard output.
    var output: [UInt8]
    /// Standard error.
    var errors: [UInt8]

    /// Standard output as text.
    var text: String { String(decoding: output, as: UTF8.self) }
    /// Standard error as text.
    var complaint: String { String(decoding: errors, as: UTF8.self) }
}

/// A program that could not be started.
struct ProgramFailure: Error, CustomStringConvertible {
    var description: String
}

/// Runs programs with a chosen environment, in a session of their own, so that no terminal is at hand.
final class Program {
    /// The holdfast binary: HOLDFAST_BINARY, or the one that was built along with the tests.
    static let binary: String = {
        if let chosen = unsafe getenv("HOLDFAST_BINARY") { return unsafe String(cString: chosen) }
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/holdfast"
    }()

    /// The process number.
    let process: pid_t
    private let files: [FileText]

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - arguments: the program's path and its arguments, as raw bytes.
    ///   - input: a descriptor for standard input; /dev/null without one.
    init(
        _ arguments: [[UInt8]],
        environment: [String: String],
        directory: String,
        input: Int32? = nil,
        output: Int32? = nil
    ) throws {
        files = [FileText(), FileText()]
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        if let input {
            unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        unsafe posix_spawn_file_actions_adddup2(&actions, output ?? files[0].number, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, files[1].number, 2)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // Whoever runs the tests in the background may have these signals ignored.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGTSTP] { unsafe sigaddset(&signals, number) }
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        // POSIX_SPAWN_SETSID of spawn.h, which is defined for GNU sources alone.
        unsafe posix_spawnattr_setflags(&attributes, 0x80 | Int16(POSIX_SPAWN_SETSIGDEF))
        let variables = environment.map { Array("\($0.key)=\($0.value)".utf8) }
        // env of coreutils changes the directory and becomes the program.
        let all = ["env", "-C", directory].map { Array($0.utf8) } + arguments
        var process: pid_t = 0
        let error = unsafe withPointers(all) { argv in
            unsafe withPointers(variables) { variables in
                unsafe posix_spawnp(&process, "/usr/bin/env", &actions, &attributes, argv, variables)
            }
        }
        guard error == 0 else { throw ProgramFailure(description: "cannot start \(arguments[0]): error \(error)") }
        self.process = process
    }

    /// Sends a signal.
    func signal(_ number: Int32) { kill(process, number) }

    /// What it has written to standard error so far.
    var complaintSoFar: String { String(decoding: files[1].content, as: UTF8.self) }

    /// Waits for its end.
    func wait() -> Outcome {
        var result: Int32 = 0
        while unsafe waitpid(process, &result, 0) < 0, errno == EINTR {}
        let status = result & 0x7F == 0 ? result >> 8 & 0xFF : 128 + result & 0x7F
        return Outcome(status: status, output: files[0].content, errors: files[1].content)
    }
}

/// A file without a name that a child writes to.
private final class FileText {
    let number: Int32

    init() {
        var template = Array("/tmp/holdfast-output-XXXXXX".utf8CString)
        number = unsafe mkstemp(&template)
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        _ = unsafe unlink(template)
    }

    deinit { close(number) }

    var content: [UInt8] {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe pread(number, &buffer, buffer.count, off_t(content.count))
            guard count > 0 else { return content }
            content += buffer[..<count]
        }
    }
}

/// A pipe that children do not inherit: the end to read and the end to write.
func makePipe() throws -> [Int32] {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw ProgramFailure(description: "no pipe: error \(errno)") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return ends
}

/// Lends texts as the null-terminated array of C strings that the system's calls take.
private func withPointers(
    _ texts: [[UInt8]],
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32
) -> Int32 {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe texts.map { text in
        unsafe text.map { CChar(bitPattern: $0) }.withUnsafeBufferPointer { bytes in
            unsafe bytes.baseAddress.flatMap { unsafe strndup($0, bytes.count) } ?? strdup("")
        }
    }
    unsafe pointers.append(nil)
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeMutableBufferPointer { buffer in
        unsafe buffer.baseAddress.map { unsafe body($0) } ?? ENOMEM
    }
}
