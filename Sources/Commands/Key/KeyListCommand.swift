import ArgumentParser
import Cryptography
import Records
import Repository

/// Lists the keys.
struct KeyListCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the keys that open the repository for its owners.",
        discussion: "The key in use is marked by a star."
    )

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let repository = try session.openRepository()
        let output = session.output
        let keys = try repository.keys(output)
        if output.isJSON {
            for key in keys {
                try output.record([
                    "message_type": "key", "id": .string(key.name.hex),
                    "current": .boolean(key.name == repository.slot),
                    "kind": .string(key.kind), "label": .string(key.header.label),
                    "created": .string(Moment.rfc3339(key.header.created)),
                ])
            }
            try output.record(["message_type": "summary", "keys": .integer(Int64(keys.count))])
        } else {
            var table = Table([" ID", "Kind", "Label", "Created"])
            for key in keys {
                let mark = key.name == repository.slot ? "*" : " "
                table.add([
                    mark + key.name.hex.prefix(8), key.kind, safeLine(key.header.label),
                    Moment.local(key.header.created),
                ])
            }
            for line in table.lines { try output.line(line) }
        }
        return .success
    }
}

extension Slots.Slot {
    /// What opens the slot, in words.
    var kind: String { SlotKind(rawValue: header.kind)?.name ?? "kind \(header.kind)" }
}

extension Repository {
    /// The key slots that the policy in force names, the oldest first.
    func keys(_ output: Output) throws -> [Slots.Slot] {
        let valid = Set(policy.slots)
        return try Slots(store: store, repository: id, warn: { output.warning($0) }).slots
            .filter { valid.contains($0.name) }
            .sorted { ($0.header.created, $0.name) < ($1.header.created, $1.name) }
    }
}
