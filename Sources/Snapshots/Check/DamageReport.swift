import Cryptography
import Records

/// Collects what damage has hit, and tells it pack by pack rather than chunk by chunk.
struct DamageReport {
    /// What was hit.
    enum Cause: Hashable {
        /// Chunks that lie in a missing pack, or in no pack that is known.
        case missing(from: ObjectHash?)
        /// Chunks that lie in a pack that no list of a snapshot names.
        case unlisted(in: ObjectHash)
        /// Chunks that do not come out of a pack.
        case damaged(in: ObjectHash)
        /// A page of a manifest or of extents that cannot be loaded.
        case page(ChunkID)
        /// A page that can be loaded and contradicts the format or what refers to it.
        case content(ChunkID)
    }

    private struct Group {
        var message = ""
        var chunks: Set<ChunkID> = []
        var paths: Set<[UInt8]> = []
        var hasMorePaths = false
        var snapshots: Set<ObjectHash> = []
    }

    /// Paths and chunks that are kept for one cause: damage must not fill the memory.
    private static let limit = 10_000
    /// Paths that are told for one cause.
    private static let toldPaths = 100

    private var groups: [Cause: Group] = [:]
    private var losses: [ObjectHash: SnapshotLosses] = [:]

    /// Whether nothing was hit.
    var isEmpty: Bool { groups.isEmpty }
    /// What each snapshot has lost that was hit.
    var snapshotLosses: [SnapshotLosses] { losses.values.sorted { $0.snapshot < $1.snapshot } }
    /// Whether a page is lost or wrong, so that nobody knows what the entries below it need.
    var hasLostPages: Bool {
        groups.keys.contains { cause in
            switch cause {
            case .page, .content: true
            case .missing, .damaged, .unlisted: false
            }
        }
    }

    /// Whether something that a snapshot needs is in this pack alone, which is missing.
    func isMissed(_ pack: ObjectHash) -> Bool { groups[.missing(from: pack)] != nil }

    /// Notes a file that cannot be restored whole.
    mutating func note(file path: [UInt8], of snapshot: ObjectHash) {
        losses[snapshot, default: SnapshotLosses(snapshot: snapshot)].add(path)
    }

    /// Notes entries that are lost with the page that lists them.
    mutating func note(_ lost: LostEntries, of snapshot: ObjectHash) {
        losses[snapshot, default: SnapshotLosses(snapshot: snapshot)].add(lost)
        note(.page(lost.page), snapshot: snapshot, path: lost.firstPath, message: lost.place + ": \(lost.reason)")
    }

    /// Adds the losses that another walk has found.
    mutating func add(lossesOf other: DamageReport) {
        for (snapshot, found) in other.losses {
            losses[snapshot, default: SnapshotLosses(snapshot: snapshot)].add(found)
        }
    }

    /// Notes a hit.
    ///
    /// - Parameters:
    ///   - chunk: the chunk, if it is one of many of the same cause.
    ///   - path: the entry, or the first one of the page.
    mutating func note(
        _ cause: Cause,
        snapshot: ObjectHash,
        path: [UInt8]?,
        chunk: ChunkID? = nil,
        message: @autoclosure () -> String = ""
    ) {
        var group = groups.removeValue(forKey: cause) ?? Group(message: message())
        group.snapshots.insert(snapshot)
        if let chunk, group.chunks.count < DamageReport.limit { group.chunks.insert(chunk) }
        if let path {
            if group.paths.count < DamageReport.limit {
                group.paths.insert(path)
            } else if !group.paths.contains(path) {
                group.hasMorePaths = true
            }
        }
        groups[cause] = group
    }

    /// Reports one problem for each cause.
    func report(_ problems: ProblemLog) {
        let ordered = groups.sorted { DamageReport.order($0.key) < DamageReport.order($1.key) }
        for (cause, group) in ordered { problems.report(DamageReport.problem(cause, group)) }
    }

    private static func order(_ cause: Cause) -> (Int, ObjectHash) {
        switch cause {
        case .missing(let pack): (0, pack ?? .zero)
        case .damaged(let pack): (1, pack)
        case .unlisted(let pack): (2, pack)
        case .page(let id): (3, id)
        case .content(let id): (4, id)
        }
    }

    private static func problem(_ cause: Cause, _ group: Group) -> CheckProblem {
        let paths = group.paths.sorted { PathOrder.compare($0, $1) < 0 }
        let files = "\(paths.count)\(group.hasMorePaths ? " or more" : "") files in \(group.snapshots.count) snapshots"
        let chunks = "\(group.chunks.count)\(group.chunks.count == limit ? " or more" : "") chunks"
        var problem: CheckProblem
        switch cause {
        case .missing(from: let pack?):
            problem = CheckProblem(
                .error,
                .chunkMissing,
                "\(chunks) of pack \(pack), which is missing or cut off, are needed by \(files)",
                object: ObjectNames.pack(pack)
            )
        case .missing(from: nil):
            problem = CheckProblem(
                .error,
                .chunkMissing,
                "\(chunks) that \(files) need are in no pack of the repository"
            )
        case .unlisted(in: let pack):
            problem = CheckProblem(
                .warning,
                .packList,
                "\(chunks) of pack \(pack) are needed by \(files), and no list of these snapshots names the pack: a prune "
                    + "may remove it",
                object: ObjectNames.pack(pack)
            )
        case .damaged(in: let pack):
            problem = CheckProblem(
                .error,
                .chunkDamaged,
                "\(chunks) that cannot be read from pack \(pack) are needed by \(files)",
                object: ObjectNames.pack(pack)
            )
        case .page(let id):
            problem = CheckProblem(
                .error,
                .manifest,
                "manifest page \(id) of \(group.snapshots.count) snapshots cannot be read; lost to them are \(group.message)"
            )
        case .content:
            problem = CheckProblem(
                .error,
                .manifest,
                "the manifest of \(group.snapshots.count) snapshots is wrong: \(group.message)"
            )
        }
        problem.snapshots = group.snapshots.sorted()
        problem.paths = Array(paths.prefix(toldPaths))
        problem.pathCount = paths.count
        return problem
    }
}
