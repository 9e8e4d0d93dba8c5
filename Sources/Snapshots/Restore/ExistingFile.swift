import FileSystem

/// Compares what is in the target with what belongs there.
///
/// One per thread.
final class ExistingFile {
    /// What an existing file has in common with its entry.
    enum Verdict {
        /// Everything.
        case same
        /// The content; the descriptor is open on the file.
        case sameContent(Descriptor, FileStatus)
        /// Not even that.
        case different
    }

    private let context: RestoreContext
    private let comparison: FileComparison

    init(context: RestoreContext) throws {
        self.context = context
        comparison = try FileComparison(pages: context.pages, check: context.check)
    }

    /// Compares what has the item's name with the item.
    func compare(_ item: RestoreItem) throws -> Verdict {
        let entry = item.entry
        guard let existing = item.existing, existing.kind == FileKind(entry.kind) else { return .different }
        guard entry.kind == .regular else {
            return try isSame(existing, item) ? .same : .different
        }
        // What cannot be opened cannot be kept either.
        guard UInt64(existing.size) == entry.size, let file = try? item.directory.openFile(item.name) else {
            return .different
        }
        let status = try file.status()
        guard status.kind == .regular, UInt64(status.size) == entry.size else { return .different }
        if context.options.overwrite == .ifChanged {
            guard status.modified == entry.modified else { return .different }
        } else {
            guard try comparison.holds(file, entry) else { return .different }
        }
        return try context.metadata.matches(entry, status, readAttributes: file.extendedAttributes)
            ? .same : .sameContent(file, status)
    }

    /// Compares links and special files, by their names.
    private func isSame(_ existing: FileStatus, _ item: RestoreItem) throws -> Bool {
        let entry = item.entry
        if entry.kind == .symbolicLink {
            guard try item.directory.readLink(item.name) == entry.linkTarget else { return false }
        }
        guard existing.deviceMajor == entry.deviceMajor, existing.deviceMinor == entry.deviceMinor else { return false }
        return try context.metadata.matches(entry, existing) { try item.directory.extendedAttributes(item.name) }
    }
}
