import Cryptography
package import Records
package import Repository

/// One snapshot: a verified commit and, for those who may read it, its sealed part.
package struct Snapshot: Sendable, Hashable {
    /// The snapshot id.
    package var id: ObjectHash
    /// The commit.
    package var commit: Commit
    /// Host, paths, tags, statistics.
    package var details: CommitDetails

    /// The first eight digits of the id, as listings show it.
    package var shortID: String { String(id.hex.prefix(8)) }
}

/// The snapshots of a repository and what is wrong with its history.
package struct SnapshotList: Sendable {
    /// Snapshots in order of their time; those that a later commit replaces (new tags) are left out.
    package private(set) var snapshots: [Snapshot] = []
    /// Commits whose sealed part this member may not open, in order of their claimed time; replaced ones are left out.
    package private(set) var sealed: [VerifiedCommit] = []
    /// What is wrong with the history.
    package private(set) var problems: [HistoryProblem]
    /// All verified commits.
    package let log: CommitLog

    /// Loads and verifies all commits, and opens the sealed parts that the member may open.
    package static func load(_ repository: Repository) throws -> SnapshotList {
        try SnapshotList(repository, log: CommitLog.load(repository))
    }

    /// Opens the sealed parts of commits that are loaded already.
    package init(_ repository: Repository, log: CommitLog) throws {
        self.log = log
        problems = log.problems
        let replaced = Set(log.commits.compactMap(\.replaces))
        for commit in log.commits where !replaced.contains(commit.id) {
            do {
                let details = try repository.details(of: commit.commit)
                snapshots.append(Snapshot(id: commit.id, commit: commit.commit, details: details))
            } catch let error as RepositoryError where error.code == .notPermitted {
                sealed.append(commit)
            } catch {
                problems.append(
                    HistoryProblem(
                        .sealedPart,
                        "the sealed part of commit \(commit.id.hex.prefix(8)) of ",
                        commit.chain,
                        " does not open: \(error)",
                        in: repository.policies
                    )
                )
            }
        }
        snapshots.sort { ($0.details.time, $0.id) < ($1.details.time, $1.id) }
    }

    /// What narrows a listing down; empty parts do not.
    package struct Filter: Sendable, Hashable {
        /// Any of these hosts.
        package var hosts: [String] = []
        /// Any of these datasets.
        package var datasets: [String] = []
        /// For each element, all of its tags; any element will do.
        package var tags: [[String]] = []
        /// All of these paths.
        package var paths: [[UInt8]] = []
        /// Not before, ns.
        package var after: Int64?
        /// Not after, ns.
        package var before: Int64?

        /// Everything.
        package init() {}

        /// Whether a snapshot passes.
        package func matches(_ snapshot: Snapshot) -> Bool {
            let details = snapshot.details
            return (hosts.isEmpty || hosts.contains(details.host))
                && (datasets.isEmpty || datasets.contains(details.dataset))
                && (tags.isEmpty || tags.contains { $0.allSatisfy(details.tags.contains) })
                && paths.allSatisfy(details.paths.contains)
                && (after.map { details.time >= $0 } ?? true)
                && (before.map { details.time <= $0 } ?? true)
        }
    }

    /// Makes sure that the member may read snapshots, if there are any.
    ///
    /// - Throws: `RepositoryError.notPermitted` for a key that opens none of them.
    package func requireReadable() throws {
        guard snapshots.isEmpty, !sealed.isEmpty else { return }
        throw SnapshotList.notReadable
    }

    private static let notReadable = RepositoryError(
        .notPermitted,
        "this key may not read what the repository holds: use the key of a reader"
    )

    /// The snapshots that pass a filter.
    package func filtered(_ filter: Filter) -> [Snapshot] { snapshots.filter(filter.matches) }

    /// The snapshot that a user names: `latest`, `latest~N` (the N-th before it), or the start of an id.
    ///
    /// - Throws: `RepositoryError.invalidRequest` if none or several fit.
    package func resolve(_ name: String, filter: Filter = Filter()) throws -> Snapshot {
        try requireReadable()
        if name == "latest" || name.hasPrefix("latest~") {
            let back = name == "latest" ? 0 : Int(name.dropFirst(7)) ?? -1
            guard back >= 0 else {
                throw RepositoryError(
                    .invalidRequest,
                    "\"\(name)\" is no snapshot: write latest, or latest~2 and the like"
                )
            }
            let candidates = filtered(filter)
            guard candidates.count > back else {
                throw RepositoryError(
                    .invalidRequest,
                    snapshots.isEmpty
                        ? "the repository has no snapshots yet"
                        : "there are only \(candidates.count) snapshots that fit, so there is no \(name)"
                )
            }
            return candidates[candidates.count - 1 - back]
        }
        let digits = name.lowercased()
        guard digits.count >= 4, digits.allSatisfy(\.isHexDigit), digits.count <= 64 else {
            throw RepositoryError(
                .invalidRequest,
                "\"\(name)\" is no snapshot id: give at least 4 of its digits, or latest"
            )
        }
        let found = snapshots.filter { $0.id.hex.hasPrefix(digits) }
        if found.count == 1 { return found[0] }
        if found.isEmpty {
            if sealed.contains(where: { $0.id.hex.hasPrefix(digits) }) { throw SnapshotList.notReadable }
            // A replaced commit is still the same data; people keep its id in notes and scripts.
            if let old = log.commits.first(where: { $0.id.hex.hasPrefix(digits) }),
                let new = newest(of: old.id)
            {
                return new
            }
            if log.forgotten.commits.keys.contains(where: { $0.hex.hasPrefix(digits) }) {
                throw RepositoryError(.invalidRequest, "snapshot \(name) was forgotten")
            }
            throw RepositoryError(.invalidRequest, "there is no snapshot \(name)")
        }
        let names = found.prefix(5).map(\.shortID).joined(separator: ", ")
        throw RepositoryError(.invalidRequest, "snapshot id \(name) is ambiguous: \(names); give more digits")
    }

    private func newest(of id: ObjectHash) -> Snapshot? {
        var current = id
        var seen: Set<ObjectHash> = [id]
        while let next = log.commits.first(where: { $0.replaces == current })?.id, seen.insert(next).inserted {
            current = next
        }
        return snapshots.first { $0.id == current }
    }
}
