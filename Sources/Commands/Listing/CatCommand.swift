import ArgumentParser
import Cryptography
import FileSystem
import Records
import Repository
import Snapshots

/// Prints a file, or a record of the repository.
struct CatCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "Print a file of a snapshot, or a record of the repository.",
        discussion: """
            cat SNAPSHOT PATH prints a file's content as it is; cat config the repository's header, cat policy the policy \
            in force, cat snapshot ID and cat key ID these records, as JSON. Secrets are never printed.
            """
    )

    @Argument(help: ArgumentHelp("A snapshot, or config, policy, snapshot or key.", valueName: "snapshot"))
    var object: String

    @Argument(help: ArgumentHelp("The file's path, or the record's id.", valueName: "path"))
    var name: String?

    @OptionGroup(title: "Which snapshot is the latest") var filter: SnapshotFilterOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        switch object {
        case "config": try session.output.record(configuration(try session.openRepository()))
        case "policy": try session.output.record(policy(try session.openRepository()))
        case "snapshot":
            let list = try session.loadSnapshots(try session.openRepository())
            try session.output.record(list.named(name ?? "latest", try filter.filter()).record)
        case "key": try session.output.record(key(try session.openRepository(), session.output))
        default: return try printFile(session)
        }
        return .success
    }

    private func printFile(_ session: Session) throws -> ExitStatus {
        let opened = try session.openSnapshot(object, try filter.filter())
        let path = snapshotPath(RawArguments.bytes(of: name ?? ""), below: opened.root)
        guard !path.isEmpty else { throw UsageError("cat needs the path of a file") }
        try FileOutput(opened, session.output).print(opened.entry(at: path))
        return opened.status
    }

    private func configuration(_ repository: Repository) throws -> JSONValue {
        let format = try Repository.readFormat(repository.store)
        return [
            "message_type": "config", "id": .string(repository.id.hex), "version": .unsigned(format.version),
            "created": .string(Moment.rfc3339(format.created)), "root_policy": .string(format.rootPolicy.hex),
            "owner": .string(try MemberID(of: repository.keyring.rootOwner).hex),
            "suite": .unsigned(UInt64(repository.suite.rawValue)),
        ]
    }

    private func policy(_ repository: Repository) -> JSONValue {
        let policy = repository.policy
        return [
            "message_type": "policy", "number": .unsigned(policy.number),
            "hash": .string(repository.policies.headHash.hex), "time": .string(Moment.rfc3339(policy.time)),
            "signer": .string(policy.signer.hex), "suite": .unsigned(UInt64(policy.suite.rawValue)),
            "members": .array(
                policy.members.map {
                    ["id": .string($0.id.hex), "name": .string($0.name), "role": .string("\($0.role)")]
                }
            ),
            "domains": .array(
                policy.domains.map {
                    ["id": .string($0.id.hex), "name": .string($0.name), "epoch": .unsigned(UInt64($0.epoch))]
                }
            ),
            "keys": .array(policy.slots.map { .string($0.hex) }),
            "features": .array(policy.features.map { .string($0) }),
        ]
    }

    private func key(_ repository: Repository, _ output: Output) throws -> JSONValue {
        let digits = (name ?? repository.slot?.hex ?? "").lowercased()
        let found = try repository.keys(output).filter { $0.name.hex.hasPrefix(digits) }
        guard !digits.isEmpty, found.count == 1, let key = found.first else {
            throw RepositoryError(.invalidRequest, "there is no such key, or several: holdfast key list shows them")
        }
        return [
            "message_type": "key", "id": .string(key.name.hex), "kind": .string(key.kind),
            "label": .string(key.header.label), "created": .string(Moment.rfc3339(key.header.created)),
            "scrypt_log2_n": .unsigned(key.header.scryptLog2N), "scrypt_r": .unsigned(key.header.scryptR),
            "scrypt_p": .unsigned(key.header.scryptP),
        ]
    }
}

/// Prints the content of files.
final class FileOutput {
    private let content: ContentReader
    private let sink: (RawSpan) throws -> Void
    private static let zeros = [UInt8](repeating: 0, count: 64 << 10)

    /// Prints to standard output.
    convenience init(_ opened: OpenSnapshot, _ output: Output) throws {
        try self.init(opened) { try output.bytes($0) }
    }

    /// Hands bytes to a closure.
    init(_ opened: OpenSnapshot, sink: @escaping (RawSpan) throws -> Void) throws {
        content = try opened.contentReader()
        self.sink = sink
    }

    /// Prints a regular file; holes become zeros.
    ///
    /// - Throws: `RepositoryError.invalidRequest` for anything but a file.
    func print(_ entry: Entry) throws {
        guard entry.kind == .regular else {
            throw RepositoryError(
                .invalidRequest,
                "\(printable(absolute(entry.path))) is no file but a \(entry.kindName): dump writes directories as archives"
            )
        }
        try content.read(
            entry,
            data: sink,
            hole: { count in
                var rest = count
                while rest > 0 {
                    let part = min(rest, UInt64(FileOutput.zeros.count))
                    try unsafe sink(FileOutput.zeros.span.bytes.extracting(0..<Int(part)))
                    rest -= part
                }
            }
        )
    }
}
