import FileSystem

/// Compares files with a snapshot by kind, size and modification time: for `--parent`, where this host's file cache
/// does not know the files.
final class ManifestPrevious: PreviousEntries {
    private let cursor: ManifestCursor
    private var next: Entry?
    private(set) var hadEntry = false

    init(cursor: ManifestCursor) throws {
        self.cursor = cursor
        next = try cursor.next()
    }

    func unchanged(_ path: [UInt8], _ status: FileStatus, kind: EntryKind) throws -> PreviousEntry? {
        hadEntry = false
        while let entry = next {
            let order = PathOrder.compare(entry.path, entry.kind, path, kind)
            if order > 0 { return nil }
            next = try cursor.next()
            if order < 0 { continue }
            hadEntry = true
            // Only content is taken over: attributes may have changed without the modification time changing.
            guard entry.kind == .regular, kind == .regular, entry.size == UInt64(max(0, status.size)),
                entry.modifiedSeconds == status.modified.seconds,
                entry.modifiedNanoseconds == status.modified.nanoseconds,
                !entry.flags.contains(.changedWhileRead)
            else { return nil }
            // Without the cache the chunks of a long list are not known without reading it: such a file is read again.
            if case .tree = entry.content { return nil }
            return PreviousEntry(entry: entry, treeChunks: [])
        }
        return nil
    }
}
