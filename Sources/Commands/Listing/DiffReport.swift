import FileSystem
import Snapshots

/// Prints differences and counts them.
struct DiffReport {
    /// What happened to a path.
    enum Change: String {
        case added = "+"
        case removed = "-"
    }

    /// The ids of what is compared, as far as it is snapshots.
    var source: String?
    var target: String?
    private let output: Output
    private let showsMetadata: Bool
    private var added: UInt64 = 0
    private var removed: UInt64 = 0
    private var changed: UInt64 = 0
    private var changedMetadata: UInt64 = 0
    private var addedBytes: UInt64 = 0
    private var removedBytes: UInt64 = 0
    private var failures: UInt64 = 0

    /// Nothing found yet.
    init(output: Output, showsMetadata: Bool) {
        self.output = output
        self.showsMetadata = showsMetadata
    }

    /// An entry that only one side has.
    mutating func add(_ change: Change, _ path: [UInt8], _ entry: Entry) throws {
        switch change {
        case .added: (added, addedBytes) = (added + 1, addedBytes + entry.size)
        case .removed: (removed, removedBytes) = (removed + 1, removedBytes + entry.size)
        }
        try print(change.rawValue, path, isDirectory: entry.kind == .directory)
    }

    /// A name that only the directory has.
    mutating func add(extra path: [UInt8], isDirectory: Bool) throws {
        added += 1
        try print(Change.added.rawValue, path, isDirectory: isDirectory)
    }

    /// An entry that both sides have, and that differs.
    mutating func add(_ aspects: ChangedAspects, _ path: [UInt8], _ entry: Entry) throws {
        var letters = aspects.contains(.kind) ? "T" : aspects.contains(.content) ? "M" : ""
        if letters.isEmpty { changedMetadata += 1 } else { changed += 1 }
        if aspects.contains(.metadata), showsMetadata { letters += "U" }
        guard !letters.isEmpty else { return }
        try print(letters, path, isDirectory: entry.kind == .directory)
    }

    /// An item that could not be compared.
    mutating func addFailure(_ path: [UInt8], _ error: any Error) {
        failures += 1
        output.itemFailed(absolute(path), error, during: "comparing")
    }

    /// Prints the counts.
    func finish() throws {
        if output.isJSON {
            var record: JSONValue = [
                "message_type": "summary", "added": .unsigned(added), "removed": .unsigned(removed),
                "changed": .unsigned(changed), "changed_metadata_only": .unsigned(changedMetadata),
                "bytes_added": .unsigned(addedBytes), "bytes_removed": .unsigned(removedBytes),
                "errors": .unsigned(failures),
            ]
            record.add("source_snapshot", source.map { .string($0) })
            record.add("target_snapshot", target.map { .string($0) })
            try output.record(record)
        } else {
            try output.line(
                "\(added) new, \(removed) gone, \(changed) changed, \(changedMetadata) with other metadata alone"
            )
        }
    }

    private func print(_ modifier: String, _ path: [UInt8], isDirectory: Bool) throws {
        let whole = absolute(path) + (isDirectory ? [UInt8(ascii: "/")] : [])
        if output.isJSON {
            var record: JSONValue = ["message_type": "change", "modifier": .string(modifier)]
            record.add("path", path: whole)
            try output.record(record)
        } else {
            try output.line("\(Format.padded(modifier, to: 3)) \(printable(whole))")
        }
    }
}
