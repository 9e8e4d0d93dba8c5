import Cryptography
import Records
import Repository
import Snapshots

extension Session {
    /// Loads all snapshots and says what is wrong with the history.
    ///
    /// - Parameter allowsSealed: whether it is no error that the key may read none of them.
    /// - Throws: `RepositoryError.notPermitted` for a key that may not read.
    func loadSnapshots(_ repository: Repository, allowsSealed: Bool = false) throws -> SnapshotList {
        let list = try SnapshotList.load(repository)
        report(list.problems)
        if !allowsSealed { try list.requireReadable() }
        return list
    }

    /// Says what is wrong with the history; silence alone is a warning, for a host may just be switched off.
    func report(_ problems: [HistoryProblem]) {
        for problem in problems {
            guard problem.isTampering else {
                output.warning(problem.message)
                continue
            }
            var about: JSONValue = ["kind": .string(problem.kind.rawValue)]
            about.add("member", problem.chain.map { .string($0.member.hex) })
            about.add("incarnation", problem.chain.map { .string($0.incarnation.hex) })
            about.add("host", problem.host.map { .string($0) })
            output.problem(problem.message, [("history", about)])
        }
    }

    /// The snapshot that a user names, and the status that a successful command then ends with.
    ///
    /// Which snapshot is the latest depends on the whole history: if something is wrong with that, the command does its
    /// work and still does not end with success. An id stands for itself.
    func snapshot(
        _ name: String,
        in list: SnapshotList,
        filter: SnapshotList.Filter = SnapshotList.Filter()
    ) throws -> (snapshot: Snapshot, status: ExitStatus) {
        let snapshot = try list.named(name, filter)
        let dependsOnHistory = name.hasPrefix("latest")
        return (snapshot, dependsOnHistory ? list.historyStatus : .success)
    }
}

extension ExitStatus {
    /// What a command ends with that has done its work on a history with such problems: silence alone is none.
    init(history problems: [HistoryProblem]) {
        self = problems.contains { $0.isTampering } ? .integrityFailure : .success
    }
}

extension SnapshotList {
    /// What a command ends with that has done its work and depends on the whole history.
    var historyStatus: ExitStatus { ExitStatus(history: problems) }
}

/// A snapshot as a command line names it: `latest`, an id, or either with the path below which one starts.
struct SnapshotArgument: Sendable {
    /// The id, or `latest` and the like.
    var name: String
    /// The path, without slashes at its ends; empty for the whole snapshot.
    var path: [UInt8]

    /// Takes `name` or `name:/path` apart.
    init(_ argument: String) {
        let bytes = RawArguments.bytes(of: argument)
        let colon = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
        name = String(decoding: bytes[..<colon], as: UTF8.self)
        path = manifestPath(Array(bytes[colon...].dropFirst()))
    }
}

/// A path as manifests have it: components joined by single slashes, none at the ends, `.` left out.
func manifestPath(_ path: [UInt8]) -> [UInt8] {
    Array(
        path.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual([UInt8(ascii: ".")]) }
            .joined(separator: [UInt8(ascii: "/")])
    )
}

extension SnapshotList {
    /// The snapshot that a user names; of an id any number of digits will do that no other snapshot begins with.
    ///
    /// - Throws: `RepositoryError.invalidRequest` if none or several fit.
    func named(_ name: String, _ filter: Filter = Filter()) throws -> Snapshot {
        guard (1...3).contains(name.count), name.allSatisfy(\.isHexDigit) else {
            return try resolve(name, filter: filter)
        }
        try requireReadable()
        let found = snapshots.filter { $0.id.hex.hasPrefix(name.lowercased()) }
        guard let first = found.first else { throw RepositoryError(.invalidRequest, "there is no snapshot \(name)") }
        guard found.count == 1 else {
            let ids = found.prefix(5).map(\.shortID).joined(separator: ", ")
            throw RepositoryError(.invalidRequest, "snapshot id \(name) is ambiguous: \(ids); give more digits")
        }
        return first
    }
}
