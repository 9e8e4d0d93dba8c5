import ArgumentParser
import Cryptography
import FileSystem
import ObjectStorage
import Records
import Repository
import Snapshots

/// Lists what a repository consists of.
struct ObjectListCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the ids of packs, index fragments, snapshots, keys or chunks.",
        discussion: "One id a line, for scripts. Chunks are those that the index knows, with their kind."
    )

    /// The kinds of things, by the names that restic has for them.
    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case blobs, packs, index, snapshots, keys, locks
    }

    @Argument(help: ArgumentHelp("What is listed; locks are the leases of runs.", valueName: "kind"))
    var kind: Kind

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let repository = try session.openRepository()
        let output = session.output
        var count: UInt64 = 0
        func list(_ id: String, _ more: [(String, JSONValue)] = [], text: String? = nil) throws {
            try session.checkCancellation()
            count += 1
            guard output.isJSON else { return try output.line(text ?? id) }
            try output.record(.object([("message_type", .string("object")), ("id", .string(id))] + more))
        }
        func objects(_ prefix: String) throws {
            var names: [ParsedName] = []
            try repository.store.list(prefix: prefix) { name, _ in
                if let parsed = ObjectNames.parse(name.path) { names.append(parsed) }
            }
            for name in names.sorted(by: { $0.name < $1.name }) { try list(name.hash?.hex ?? name.name) }
        }
        switch kind {
        case .packs: try objects(ObjectNames.packs)
        case .index: try objects(ObjectNames.indexes)
        case .keys: try objects(ObjectNames.slots)
        case .locks: try objects(ObjectNames.leases)
        case .snapshots: for snapshot in try session.loadSnapshots(repository).snapshots { try list(snapshot.id.hex) }
        case .blobs:
            let index = try repository.loadIndex()
            try index.forEachChunk { id, isData in
                let type = isData ? "data" : "tree"
                try list(id.hex, [("type", .string(type))], text: "\(type) \(id.hex)")
            }
        }
        if output.isJSON { try output.record(["message_type": "summary", "objects": .unsigned(count)]) }
        return .success
    }
}
