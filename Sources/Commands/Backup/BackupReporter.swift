import FileSystem
import Snapshots

/// Passes a backup's course on to the user.
struct BackupReporter: BackupObserver {
    private let output: Output

    /// Speaks through an output.
    init(_ output: Output) { self.output = output }

    var wantsItems: Bool { output.verbosity >= 1 }

    func itemFailed(_ path: [UInt8], _ error: any Error) { output.itemFailed(path, error, during: "saving") }

    func fileChanged(_ path: [UInt8]) {
        output.warning("\(printable(path)) kept changing while it was read: what is saved may mix two states of it")
    }

    func item(_ path: [UInt8], _ change: ItemChange, bytes: UInt64) {
        guard change != .unmodified || output.verbosity >= 2 else { return }
        if output.isJSON {
            var line: JSONValue = ["message_type": "verbose_status", "action": .string(change.rawValue)]
            line.add("item", path: path)
            line.add("data_size", .unsigned(bytes))
            output.report(line)
        } else {
            output.report("\(Format.padded(change.rawValue, to: 10)) \(printable(path)), \(Format.bytes(bytes))")
        }
    }

    func warning(_ message: String) { output.warning(message) }

    func leftOut(_ mounts: [(path: [UInt8], kind: String)]) {
        var names = mounts.prefix(8).map { "\(printable($0.path)) (\($0.kind))" }
        if mounts.count > names.count { names.append("\(mounts.count - names.count) more") }
        output.note(
            "left out, for they hold no data: \(names.joined(separator: ", ")); --include-pseudo saves them too"
        )
    }
}
