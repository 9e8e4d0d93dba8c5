import Cryptography
package import Records
package import Repository

/// What happens to the tags of snapshots.
package enum TagChange: Sendable, Hashable {
    /// These become the tags.
    case set([String])
    /// The first are added, the second removed.
    case change(add: [String], remove: [String])

    func applied(to tags: [String]) -> [String] {
        var result: [String] = []
        let wanted: [String]
        switch self {
        case .set(let new): wanted = new
        case .change(let add, let remove): wanted = tags.filter { !remove.contains($0) } + add
        }
        for tag in wanted where !result.contains(tag) { result.append(tag) }
        return result
    }

    fileprivate func validate() throws {
        let new: [String]
        switch self {
        case .set(let tags): new = tags
        case .change(let add, remove: _): new = add
        }
        for tag in new where tag.isEmpty || tag.contains(",") || tag.unicodeScalars.contains(where: { $0.value < 0x20 })
        {
            throw RepositoryError(
                .invalidRequest,
                "\(tag.debugDescription) cannot be a tag: a tag is not empty and has neither commas nor control characters"
            )
        }
    }
}

/// A snapshot with its new tags.
package struct TaggedSnapshot: Sendable, Hashable {
    /// The snapshot as it was.
    package var old: ObjectHash
    /// The snapshot id from now on.
    package var new: ObjectHash
    /// Its tags.
    package var tags: [String]
}

/// Changes the tags of snapshots: nothing is overwritten, a new commit with the same data takes the old one's place.
package enum Tagging {
    /// Changes tags; snapshots whose tags stay as they are get no new commit.
    ///
    /// - Returns: the snapshots that were changed.
    /// - Throws: `RepositoryError.invalidRequest` for what cannot be a tag; what was changed before an error stays so.
    package static func apply(
        _ repository: Repository,
        _ snapshots: [Snapshot],
        _ change: TagChange
    ) throws -> [TaggedSnapshot] {
        try change.validate()
        var changed: [TaggedSnapshot] = []
        for snapshot in snapshots {
            let tags = change.applied(to: snapshot.details.tags)
            guard tags != snapshot.details.tags else { continue }
            var details = snapshot.details
            details.tags = tags
            let id = try replace(snapshot, with: details, in: repository)
            changed.append(TaggedSnapshot(old: snapshot.id, new: id, tags: tags))
        }
        return changed
    }

    /// Commits the same data with other details.
    private static func replace(
        _ snapshot: Snapshot,
        with details: CommitDetails,
        in repository: Repository
    ) throws -> ObjectHash {
        var options = WriteOptions()
        options.domain = snapshot.commit.domain
        let run = try WriteRun.begin(repository, options: options)
        do {
            var request = CommitRequest(root: snapshot.commit.root, details: details)
            request.interval = snapshot.commit.interval
            request.replaces = snapshot.id
            request.inheritedLists = snapshot.commit.addedPackLists + snapshot.commit.referredPackLists
            return try run.commit(request, log: try CommitLog.load(repository))
        } catch {
            run.abandon()
            throw error
        }
    }
}
