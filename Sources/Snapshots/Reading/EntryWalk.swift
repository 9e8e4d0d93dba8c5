import Repository

/// The entries of a snapshot at and below a path, in order, as far as they are selected: for listing, finding, archives
/// and comparisons.
///
/// Memory is one manifest page per level.
package struct EntryWalk {
    private let cursor: ManifestCursor
    private let root: [UInt8]
    private let selection: RestoreSelection
    private var isFinished = false
    /// The decision on the entry returned last; an end has that of its directory.
    package private(set) var decision = RestoreDecision.take
    private var decisions: [RestoreDecision] = []
    private var isAtStart = true

    /// Starts at a path, or with all entries if it is empty.
    ///
    /// - Throws: `RepositoryError.invalidRequest` at the first `next` if the snapshot has no such path.
    package init(
        _ cursor: ManifestCursor,
        root: [UInt8] = [],
        selection: RestoreSelection = .everything
    ) throws {
        self.cursor = cursor
        self.root = root
        self.selection = selection
        if !root.isEmpty { try cursor.seek(to: root) }
    }

    /// The next entry that is taken, or directory that something below may be taken of (see `decision`), and for each
    /// directory its end; nil after the last.
    package mutating func next() throws -> Entry? {
        while !isFinished, let entry = try cursor.next() {
            if isAtStart, !root.isEmpty { try requireRoot(entry) }
            isAtStart = false
            if entry.kind == .directoryEnd {
                decision = decisions.popLast() ?? .take
                if entry.path == root { isFinished = true }
                return entry
            }
            decision = selection.decide(entry.path, isDirectory: entry.kind == .directory)
            let isRoot = !root.isEmpty && entry.path == root
            if entry.kind != .directory {
                isFinished = isRoot
                if decision == .take { return entry }
            } else if decision == .skip {
                try cursor.skipSubtree()
                _ = try cursor.next()
                isFinished = isRoot
            } else {
                decisions.append(decision)
                return entry
            }
        }
        if isAtStart, !root.isEmpty { throw noRoot() }
        isFinished = true
        return nil
    }

    /// Passes over what is below the directory that `next` has just returned; its end comes next.
    package func skipSubtree() throws { try cursor.skipSubtree() }

    /// The path of an entry below the root; of a root that is no directory, its name.
    package func relativePath(_ entry: Entry) -> [UInt8] { entry.path(below: root) }

    private func requireRoot(_ entry: Entry) throws {
        if entry.path != root || entry.kind == .directoryEnd { throw noRoot() }
    }

    private func noRoot() -> RepositoryError {
        guard cursor.mayHaveLost(root) else { return noSuchPath(root) }
        return RepositoryError(
            .integrity,
            "whether the snapshot holds \(printable(root)) is unknown: the page that would list it is lost"
        )
    }
}

/// What is said of a path that a user names and the snapshot does not have.
func noSuchPath(_ path: [UInt8]) -> RepositoryError {
    RepositoryError(
        .invalidRequest,
        "the snapshot holds no \(printable([UInt8(ascii: "/")] + path)): ls shows what it holds"
    )
}

extension Entry {
    /// The path below a root that the entry is at or below; empty for a directory that is the root, and the name of
    /// anything else that is.
    package func path(below root: [UInt8]) -> [UInt8] {
        if root.isEmpty { return path }
        if path.count > root.count { return Array(path.dropFirst(root.count + 1)) }
        return kind == .directory || kind == .directoryEnd ? [] : Array(name)
    }
}
