import FileSystem
import Snapshots

/// Passes a restore's course on to the user.
struct RestoreReporter: RestoreObserver {
    private let output: Output

    /// Speaks through an output.
    init(_ output: Output) { self.output = output }

    var wantsItems: Bool { output.verbosity >= 1 }

    func itemFailed(_ path: [UInt8], _ error: any Error) { output.itemFailed(path, error, during: "restoring") }

    func entriesLost(_ lost: LostEntries) { output.entriesLost(lost) }

    func deleted(_ path: [UInt8]) {
        guard output.verbosity >= 1 else { return }
        report("deleted", path, bytes: 0)
    }

    func item(_ path: [UInt8], _ outcome: RestoreOutcome, bytes: UInt64) {
        guard outcome != .unchanged || output.verbosity >= 2 else { return }
        report(outcome.rawValue, path, bytes: bytes)
    }

    func warning(_ message: String) { output.warning(message) }

    private func report(_ action: String, _ path: [UInt8], bytes: UInt64) {
        if output.isJSON {
            var line: JSONValue = ["message_type": "verbose_status", "action": .string(action)]
            line.add("item", path: path)
            line.add("size", .unsigned(bytes))
            output.report(line)
        } else {
            output.report("\(Format.padded(action, to: 9)) \(printable(path)), \(Format.bytes(bytes))")
        }
    }
}
