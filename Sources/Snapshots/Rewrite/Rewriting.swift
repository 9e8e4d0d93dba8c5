package import Records
package import Repository

/// How snapshots are rewritten.
package struct RewriteRequest: Sendable {
    /// Whether a path is left out, by its absolute path; a directory goes with all below it.
    package var excludes: @Sendable (_ path: [UInt8], _ isDirectory: Bool) -> Bool = { _, _ in false }
    /// The patterns as typed, for the record.
    package var patterns: [[UInt8]] = []
    /// Another host's name; nil leaves it.
    package var host: String?
    /// Another time, ns; nil leaves it.
    package var time: Int64?
    /// Whether nothing is stored.
    package var isDryRun = false

    /// Changes nothing.
    package init() {}
}

/// What became of one snapshot.
package struct RewriteResult: Sendable {
    /// The snapshot as it was.
    package var old: ObjectHash
    /// The one that takes its place; none after a dry run, or if nothing was to be changed.
    package var new: ObjectHash?
    /// Entries that were left out, with all below them.
    package var removedEntries: UInt64 = 0
    /// Bytes of content of the regular files among them.
    package var removedBytes: UInt64 = 0
    /// Whether anything was to be changed.
    package var isChanged = false
}

/// Makes snapshots anew without some of their paths; content is not read, all that stays is referred to as before.
///
/// The new commit replaces the old one in listings, so only owners and managers can do it. What is left out is gone for
/// good when the old commit is forgotten and the space freed.
package enum Rewriting {
    /// Rewrites one snapshot.
    ///
    /// - Parameter log: the commits; the new one is added.
    /// - Throws: `RepositoryError.notPermitted` for others than owners and managers, what keeps the manifest from being
    ///   read or the repository from being written.
    package static func rewrite(
        _ snapshot: Snapshot,
        in repository: Repository,
        log: inout CommitLog,
        _ request: RewriteRequest
    ) throws -> RewriteResult {
        try repository.requireMaintenance(to: "rewrite snapshots")
        var options = WriteOptions()
        options.domain = snapshot.commit.domain
        let run: WriteRun? = request.isDryRun ? nil : try WriteRun.begin(repository, options: options)
        do {
            return try rewrite(snapshot, in: repository, log: &log, request, run)
        } catch {
            run?.abandon()
            throw error
        }
    }

    private static func rewrite(
        _ snapshot: Snapshot,
        in repository: Repository,
        log: inout CommitLog,
        _ request: RewriteRequest,
        _ run: WriteRun?
    ) throws -> RewriteResult {
        let index = try run?.index ?? repository.loadIndex()
        guard let domain = repository.policy.domain(snapshot.commit.domain) else {
            throw RepositoryError(
                .invalidRequest,
                "the domain of snapshot \(snapshot.shortID) is no longer in the policy"
            )
        }
        let keys = try run?.keys ?? repository.keys(domain: domain.id, epoch: domain.epoch)
        let sink = try PageSink(store: run ?? DryRun(index: index), keys: keys)
        var result = RewriteResult(old: snapshot.id)
        let root = try filter(snapshot, repository, index, request, sink, &result)
        var details = snapshot.details
        if let host = request.host { details.host = host }
        if let time = request.time { details.time = time }
        result.isChanged = result.removedEntries > 0 || details != snapshot.details
        guard result.isChanged, let run else {
            run?.abandon()
            return result
        }
        details.statistics.entries = root.entryCount
        details.statistics.contentBytes = root.contentBytes
        details.rootDigest = root.digest
        if result.removedEntries > 0 { details.excludes += request.patterns }
        var commit = CommitRequest(root: PageReference(chunk: root.id, level: UInt64(root.level)), details: details)
        commit.interval = snapshot.commit.interval
        commit.replaces = snapshot.id
        commit.inheritedLists = snapshot.commit.addedPackLists + snapshot.commit.referredPackLists
        let id = try run.commit(commit, log: log)
        try log.noteOwn(id, in: repository)
        result.new = id
        return result
    }

    /// Builds the manifest of what stays.
    private static func filter(
        _ snapshot: Snapshot,
        _ repository: Repository,
        _ index: LocalIndex,
        _ request: RewriteRequest,
        _ sink: PageSink,
        _ result: inout RewriteResult
    ) throws -> ManifestRoot {
        let cursor = try ManifestCursor(
            page: snapshot.commit.root,
            digest: snapshot.details.rootDigest,
            source: try RepositoryChunkSource(repository: repository, index: index),
            verifyDigests: true
        )
        let builder = try ManifestBuilder(sink: sink)
        var count = 0
        while let entry = try cursor.next() {
            count += 1
            if count.isMultiple(of: 1024), repository.environment.isCancelled() {
                throw RepositoryError(.cancelled, "stopped before the snapshot was rewritten")
            }
            guard entry.kind != .directoryEnd,
                request.excludes([UInt8(ascii: "/")] + entry.path, entry.kind == .directory)
            else {
                try builder.add(entry)
                continue
            }
            result.removedEntries += 1
            result.removedBytes += entry.size
            guard entry.kind == .directory else { continue }
            // Everything below is counted by the directory's end, and not read.
            try cursor.skipSubtree()
            guard let end = try cursor.next(), end.kind == .directoryEnd else {
                throw ManifestError(.nesting, "the directory \(printable(entry.path)) has no end where it must stand")
            }
            result.removedEntries += end.entryCount
            result.removedBytes += end.contentBytes
        }
        return try builder.finish()
    }
}
