import Repository
import Threads

/// How far some work has come.
struct ProgressState: Sendable {
    /// Bytes dealt with.
    var bytesDone: UInt64 = 0
    /// Bytes in all; nothing if not known.
    var bytesTotal: UInt64?
    /// Files or other items dealt with.
    var itemsDone: UInt64 = 0
    /// Items in all; nothing if not known.
    var itemsTotal: UInt64?
    /// What items are called, in the plural.
    var itemName = "files"
    /// Items that failed.
    var failures: UInt64 = 0
}

/// Tells of work in progress: by a bar on a terminal, by a line now and then elsewhere, by status lines in JSON.
final class ProgressReporter: Sendable {
    private let output: Output
    private let read: @Sendable () -> ProgressState
    private let start = monotonicNanoseconds()
    private let isStopped = Monitor(false)
    private let thread: Monitor<WorkerThread?>

    /// Begins to tell; `stop()` ends it.
    ///
    /// - Parameter read: the state of the work, asked for from a thread of its own.
    init(_ session: Session, read: @escaping @Sendable () -> ProgressState) {
        output = session.output
        self.read = read
        thread = Monitor(nil)
        guard output.verbosity >= 0 || output.isJSON else { return }
        let interval = ProgressReporter.interval(session)
        let worker = WorkerThread(name: "progress") { [self] in tell(every: interval) }
        thread.change { $0 = worker }
    }

    /// Ends the telling and takes the bar away.
    func stop() {
        isStopped.change { $0 = true }
        thread.withLock { $0 }?.join()
        output.clearStatus()
    }

    /// Seconds between two lines; HOLDFAST_PROGRESS_INTERVAL changes it where there is no bar.
    private static func interval(_ session: Session) -> Double {
        if session.output.showsStatusLine { return 0.2 }
        let chosen = session.variables.nonEmpty("HOLDFAST_PROGRESS_INTERVAL").flatMap(Double.init)
        if let chosen, chosen >= 0.01, chosen <= 86_400 { return chosen }
        return session.output.isJSON ? 1 : 60
    }

    private func tell(every interval: Double) {
        var rate = TransferRate()
        while isStopped.wait(seconds: interval, { $0 ? true : nil }) == nil {
            let state = read()
            let seconds = Double(monotonicNanoseconds() - start) / 1e9
            rate.add(seconds: seconds, bytes: state.bytesDone)
            if output.isJSON {
                output.report(ProgressReporter.record(state, seconds: seconds, rate: rate.bytesPerSecond))
                output.flush()
            } else if output.showsStatusLine {
                output.status(ProgressReporter.line(state, seconds: seconds, rate: rate.bytesPerSecond, hasBar: true))
            } else {
                output.note(ProgressReporter.line(state, seconds: seconds, rate: rate.bytesPerSecond, hasBar: false))
            }
        }
    }

    /// One status line as text.
    static func line(_ state: ProgressState, seconds: Double, rate: Double, hasBar: Bool) -> String {
        var text = "[\(Format.duration(seconds: seconds))]"
        if let fraction = fraction(state) {
            if hasBar {
                let width = 24
                let filled = Int(fraction * Double(width))
                text += " [" + String(repeating: "=", count: filled) + (filled < width ? ">" : "")
                text += String(repeating: " ", count: max(0, width - filled - 1)) + "]"
            }
            text += " " + Format.decimal(fraction * 100, places: 2) + "%"
        }
        // What matters most comes first: narrow terminals cut the rest off.
        text += "  " + Format.bytes(UInt64(rate)) + "/s"
        if let remaining = remainingSeconds(state, rate: rate) { text += " ETA " + Format.duration(seconds: remaining) }
        text += "  " + Format.bytes(state.bytesDone) + (state.bytesTotal.map { " of " + Format.bytes($0) } ?? "")
        text += ", \(state.itemsDone)" + (state.itemsTotal.map { " of \($0)" } ?? "") + " \(state.itemName)"
        if state.failures > 0 { text += ", \(Format.count(state.failures, "error"))" }
        return text
    }

    private static func record(_ state: ProgressState, seconds: Double, rate: Double) -> JSONValue {
        var line: JSONValue = [
            "message_type": "status", "seconds_elapsed": .integer(Int64(seconds)),
            "\(state.itemName)_done": .unsigned(state.itemsDone), "bytes_done": .unsigned(state.bytesDone),
            "bytes_per_second": .unsigned(UInt64(rate)), "error_count": .unsigned(state.failures),
        ]
        line.add("total_\(state.itemName)", state.itemsTotal.map { .unsigned($0) })
        line.add("total_bytes", state.bytesTotal.map { .unsigned($0) })
        line.add("percent_done", fraction(state).map { .number($0) })
        line.add("seconds_remaining", remainingSeconds(state, rate: rate).map { .integer(Int64($0)) })
        return line
    }

    private static func fraction(_ state: ProgressState) -> Double? {
        if let total = state.bytesTotal, total > 0 { return min(1, Double(state.bytesDone) / Double(total)) }
        if let total = state.itemsTotal, total > 0 { return min(1, Double(state.itemsDone) / Double(total)) }
        return nil
    }

    private static func remainingSeconds(_ state: ProgressState, rate: Double) -> Double? {
        guard let total = state.bytesTotal, total > state.bytesDone, rate >= 1 else { return nil }
        return min(Double(total - state.bytesDone) / rate, 1e9)
    }
}

/// The speed of the last seconds, rather than the mean since the start.
private struct TransferRate {
    private var samples: [(seconds: Double, bytes: UInt64)] = [(0, 0)]
    private static let window = 10.0

    /// Bytes per second.
    var bytesPerSecond: Double {
        guard let first = samples.first, let last = samples.last, last.seconds > first.seconds else { return 0 }
        return Double(last.bytes - min(first.bytes, last.bytes)) / (last.seconds - first.seconds)
    }

    mutating func add(seconds: Double, bytes: UInt64) {
        samples.append((seconds, bytes))
        while samples.count > 2, samples[1].seconds < seconds - TransferRate.window { samples.removeFirst() }
    }
}
