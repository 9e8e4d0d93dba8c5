import FileSystem
import Glibc
import Synchronization

/// Whoever reads standard output has closed it, or it cannot be written to: there is no point in going on listing.
struct OutputClosed: Error {}

/// What the program says: results on standard output, everything else on standard error, as text or as JSON lines.
final class Output: Sendable {
    /// Whether results are JSON lines.
    let isJSON: Bool
    /// -1 with `--quiet`, otherwise how often `--verbose` was given.
    let verbosity: Int
    private let results: OutputChannel
    private let messages: OutputChannel
    private let statusLine: StatusLine
    private let hasColor: Bool
    /// Whether results are what the command is for, rather than a report on its work.
    private let isListing = Atomic<Bool>(false)

    /// Begins to speak.
    init(isJSON: Bool, verbosity: Int, variables: Variables) {
        self.isJSON = isJSON
        self.verbosity = verbosity
        results = OutputChannel(STDOUT_FILENO)
        messages = OutputChannel(STDERR_FILENO)
        let isTerminal = messages.isTerminal && variables["TERM"] != "dumb"
        statusLine = StatusLine(channel: messages, isEnabled: isTerminal && !isJSON && verbosity >= 0)
        hasColor = isTerminal && (variables["NO_COLOR"] ?? "").isEmpty
    }

    /// Whether a progress bar can be drawn.
    var showsStatusLine: Bool { statusLine.isEnabled }

    /// Prints one line of a listing.
    ///
    /// - Throws: `OutputClosed` when nobody reads any more.
    func line(_ text: String) throws {
        isListing.store(true, ordering: .relaxed)
        report(text)
        if results.failure != nil { throw OutputClosed() }
    }

    /// Prints one JSON line of a listing.
    ///
    /// - Throws: `OutputClosed` when nobody reads any more.
    func record(_ value: JSONValue) throws {
        isListing.store(true, ordering: .relaxed)
        report(value)
        if results.failure != nil { throw OutputClosed() }
    }

    /// Prints raw bytes, such as the content of a file.
    ///
    /// - Throws: `OutputClosed` when nobody reads any more.
    func bytes(_ bytes: some Sequence<UInt8>) throws {
        isListing.store(true, ordering: .relaxed)
        statusLine.erase()
        results.write(bytes)
        if results.failure != nil { throw OutputClosed() }
    }

    /// Prints raw bytes.
    ///
    /// - Throws: `OutputClosed` when nobody reads any more.
    func bytes(_ bytes: RawSpan) throws {
        isListing.store(true, ordering: .relaxed)
        statusLine.erase()
        results.write(bytes)
        if results.failure != nil { throw OutputClosed() }
    }

    /// Prints a line of results; work goes on even if nobody reads it.
    func report(_ text: String) {
        statusLine.erase()
        results.write(Array(terminalSafe(text).utf8) + [0x0A])
    }

    /// Prints a JSON line; work goes on even if nobody reads it.
    func report(_ value: JSONValue) {
        var bytes: [UInt8] = []
        value.append(to: &bytes)
        bytes.append(0x0A)
        statusLine.erase()
        results.write(bytes)
    }

    /// Sends buffered results on their way, before something slow or at a sign of life.
    func flush() { results.flush() }

    /// Draws the status line anew; does nothing where there is none.
    func status(_ text: String) { statusLine.draw(text) }

    /// Erases the status line.
    func clearStatus() { statusLine.erase() }

    /// Says something that is good to know; silent with `--quiet` and in JSON.
    func note(_ text: String) {
        guard verbosity >= 0, !isJSON else { return }
        message(text)
    }

    /// Says something that only those want to know who asked for it.
    func detail(_ text: String, level: Int = 1) {
        guard verbosity >= level, !isJSON else { return }
        message(text)
    }

    /// Says that something is wrong, though the work goes on.
    func warning(_ text: String) {
        if isJSON {
            message(JSONValue.object([("message_type", "warning"), ("message", .string(text))]).text)
        } else {
            message(painted("warning: ", color: 33) + terminalSafe(text))
        }
    }

    /// Says that one item failed, though the work goes on.
    func itemFailed(_ path: [UInt8], _ error: any Error, during activity: String) {
        if isJSON {
            var line: JSONValue = [
                "message_type": "error", "error": ["message": .string("\(error)")], "during": .string(activity),
            ]
            line.add("item", path: path)
            message(line.text)
        } else {
            message(painted("error: ", color: 31) + terminalSafe("\(activity) \(printable(path)): \(error)"))
        }
    }

    /// Says that something is wrong, and that the program will not end with success because of it.
    ///
    /// - Parameter details: further fields of the JSON line.
    func problem(_ text: String, _ details: [(String, JSONValue)] = []) {
        if isJSON {
            var line: JSONValue = ["message_type": "error", "error": ["message": .string(text)]]
            for (name, value) in details { line.add(name, value) }
            message(line.text)
        } else {
            message(painted("error: ", color: 31) + terminalSafe(text))
        }
    }

    /// Says why the program ends without success.
    func fail(with error: any Error, _ status: ExitStatus) {
        results.flush()
        if isJSON {
            message(Output.exitError(status, "\(error)").text)
        } else {
            message(painted("error: ", color: 31) + terminalSafe("\(error)"))
        }
    }

    /// The line that ends JSON output on standard error when the program fails.
    static func exitError(_ status: ExitStatus, _ message: String) -> JSONValue {
        ["message_type": "exit_error", "code": .integer(Int64(status.rawValue)), "message": .string(message)]
    }

    /// Sends everything.
    ///
    /// - Returns: whether all results could be written.
    func finish() -> Bool {
        statusLine.erase()
        results.flush()
        var failure = results.failure
        // A closed standard output is a wish for silence where the work itself is done.
        if failure == EBADF, !isListing.load(ordering: .relaxed) { failure = nil }
        if let failure, failure != EPIPE {
            let reason = SystemError(errno: failure, operation: "write to standard output").reason
            problem("cannot write to standard output: \(reason)")
        }
        messages.flush()
        return failure == nil
    }

    private func message(_ text: String) {
        // Results that were said before stand before it where both go to one place.
        results.flush()
        statusLine.erase()
        messages.write(Array(text.utf8) + [0x0A])
        messages.flush()
    }

    private func painted(_ text: String, color: Int) -> String {
        hasColor ? "\u{1B}[\(color)m\(text)\u{1B}[0m" : text
    }
}
