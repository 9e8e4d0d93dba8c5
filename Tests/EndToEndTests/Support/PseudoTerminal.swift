import Glibc

/// A terminal in which a program runs, with somebody who reads and types.
final class PseudoTerminal {
    private let master: Int32
    private let process: pid_t
    private var seen = ""

    /// Starts a program with the terminal as its controlling one; `setsid --ctty` of util-linux sees to that.
    init(_ arguments: [String], environment: [String: String], directory: String) throws {
        var (master, slave): (Int32, Int32) = (-1, -1)
        guard unsafe openpty(&master, &slave, nil, nil, nil) == 0 else {
            throw ProgramFailure(description: "no pseudo terminal: error \(errno)")
        }
        for end in [master, slave] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        self.master = master
        defer { close(slave) }
        let program = try Program(
            (["setsid", "--ctty", "--wait"] + arguments).map { Array($0.utf8) },
            environment: environment,
            directory: directory,
            input: slave
        )
        process = program.process
        self.program = program
    }

    private let program: Program

    deinit { close(master) }

    /// Reads until a text has been shown.
    func wait(for text: String) throws {
        while !seen.contains(text) {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = unsafe read(master, &buffer, buffer.count)
            guard count > 0 else { throw ProgramFailure(description: "the terminal showed only \"\(seen)\"") }
            seen += String(decoding: buffer[..<count], as: UTF8.self)
        }
        seen = seen.components(after: text)
    }

    /// Types a line.
    func type(_ line: String) { press(line + "\n") }

    /// Presses keys.
    func press(_ keys: String) {
        let bytes = Array(keys.utf8)
        _ = unsafe write(master, bytes, bytes.count)
    }

    /// Waits for the program's end.
    ///
    /// - Returns: the outcome, and what the terminal showed since the last wait.
    func finish() -> (outcome: Outcome, shown: String) {
        let outcome = program.wait()
        var request = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        while unsafe poll(&request, 1, 0) > 0 {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = unsafe read(master, &buffer, buffer.count)
            guard count > 0 else { break }
            seen += String(decoding: buffer[..<count], as: UTF8.self)
        }
        return (outcome, seen)
    }
}

extension String {
    fileprivate func components(after text: String) -> String {
        guard let range = self.range(of: text) else { return self }
        return String(self[range.upperBound...])
    }

    private func range(of text: String) -> Range<Index>? {
        indices.lazy.first { self[$0...].hasPrefix(text) }.map { $0..<index($0, offsetBy: text.count) }
    }
}
