import FileSystem
import Records
import Repository
import Snapshots

/// A snapshot with all that reading it takes.
struct OpenSnapshot {
    /// The repository.
    let repository: Repository
    /// Where chunks are.
    let index: LocalIndex
    /// The snapshot.
    let snapshot: Snapshot
    /// The path that was named behind the snapshot; empty for all of it.
    let root: [UInt8]
    /// Loads pages of the manifest.
    let pages: RepositoryChunkSource
    /// What a command ends with that has done all its work, if nothing is lost.
    let statusIfWhole: ExitStatus
    /// What was found lost on the way.
    let losses: LossReport

    /// What a command ends with that has done all its work.
    var status: ExitStatus { losses.isEmpty ? statusIfWhole : .integrityFailure }

    /// A reader of the manifest, at its start.
    ///
    /// What a damaged page lists is passed over and reported.
    ///
    /// - Parameter keepsNesting: whether directories that are lost are made up around what is left of their content.
    func cursor(keepsNesting: Bool = true) throws -> ManifestCursor {
        let losses = losses
        return try ManifestCursor(
            page: snapshot.commit.root,
            digest: snapshot.details.rootDigest,
            source: pages,
            salvage: ManifestSalvage(keepsNesting: keepsNesting) { losses.note($0) }
        )
    }

    /// The entry at a path.
    ///
    /// - Throws: `RepositoryError.invalidRequest` if there is none.
    func entry(at path: [UInt8]) throws -> Entry {
        var walk = try EntryWalk(cursor(), root: path)
        guard let entry = try walk.next() else {
            throw RepositoryError(.invalidRequest, "the snapshot holds no \(printable(absolute(path)))")
        }
        return entry
    }

    /// A reader of files' content.
    func contentReader() throws -> ContentReader {
        try ContentReader(repository: repository, index: index, pages: pages)
    }
}

extension Session {
    /// Opens the repository and the snapshot that an argument names, with `:/path` behind it or not.
    func openSnapshot(
        _ argument: String,
        _ filter: SnapshotList.Filter = SnapshotList.Filter()
    ) throws -> OpenSnapshot {
        let repository = try openRepository()
        let list = try loadSnapshots(repository)
        let index = try repository.loadIndex()
        return try openSnapshot(argument, in: list, of: repository, index, filter)
    }

    /// Opens a further snapshot of an opened repository.
    func openSnapshot(
        _ argument: String,
        in list: SnapshotList,
        of repository: Repository,
        _ index: LocalIndex,
        _ filter: SnapshotList.Filter = SnapshotList.Filter()
    ) throws -> OpenSnapshot {
        let named = SnapshotArgument(argument)
        let (snapshot, status) = try self.snapshot(named.name, in: list, filter: filter)
        return OpenSnapshot(
            repository: repository,
            index: index,
            snapshot: snapshot,
            root: named.path,
            pages: try RepositoryChunkSource(repository: repository, index: index),
            statusIfWhole: status,
            losses: LossReport(output)
        )
    }
}

/// The path of an entry with a slash before it, as people write it.
func absolute(_ path: [UInt8]) -> [UInt8] { [UInt8(ascii: "/")] + path }
