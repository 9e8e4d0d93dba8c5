import FileSystem
import Glibc
import Repository

/// Goes through the manifest and the target side by side: makes directories, removes what must not be, and hands files
/// on.
///
/// Runs on one thread; memory is one level per open directory.
final class RestoreWalker {
    /// A directory of the snapshot that the walk is in.
    struct Level {
        let entry: Entry
        /// Whether the directory itself was selected; otherwise it is made when something below it is.
        let isTaken: Bool
        /// The directory as it is being restored; nil until it is made.
        var restored: RestoredDirectory?
        /// Whether it was made by this restore, so that nothing can be in it.
        var isFresh = false
        /// In a dry run: whether it is not there.
        var isAbsent = false
        var mount: MountIdentity?
        var staging: StagingArea?
        /// The names in it that the snapshot may not have.
        var surplus: SurplusNames?
    }

    let context: RestoreContext
    let shared: RestoreShared
    let cursor: ManifestCursor
    private let workerCount: Int
    private var units: RestoreUnitBuilder
    var stack: DirectoryStack
    var levels: [Level] = []
    /// All staging areas, with the directory whose metadata waits for their end.
    private(set) var stagingAreas: [(area: StagingArea, directory: RestoredDirectory)] = []
    /// Paths that were asked for literally and have not been met.
    private var missingPaths: Set<[UInt8]>

    /// - Parameter target: the open target directory; nil in a dry run in which there is none.
    init(
        context: RestoreContext,
        shared: RestoreShared,
        cursor: ManifestCursor,
        target: Directory,
        isTargetAbsent: Bool,
        workerCount: Int,
        directoriesPerUnit: Int
    ) throws {
        self.context = context
        self.shared = shared
        self.cursor = cursor
        self.workerCount = workerCount
        units = RestoreUnitBuilder(mostDirectories: directoriesPerUnit)
        stack = DirectoryStack(root: target)
        missingPaths = Set(context.options.selection.literalPaths)
        var top = Level(entry: Entry(path: [], kind: .directory), isTaken: false)
        top.isAbsent = isTargetAbsent
        levels.append(top)
    }

    /// Goes through all of the manifest that is at or below the root.
    func run() throws {
        let root = context.options.root
        if !root.isEmpty { try cursor.seek(to: root) }
        guard try enterTop(root) else { return }
        while let entry = try cursor.next() {
            try context.check()
            if entry.kind == .directoryEnd {
                try leave()
                if entry.path == root { break }
            } else {
                try visit(entry)
            }
        }
        try flush()
        for path in missingPaths.sorted(by: { PathOrder.compare($0, $1) < 0 }) {
            let isLost = cursor.mayHaveLost(path)
            // Otherwise nothing is lost: it was never there.
            context.fail(
                path,
                isLost ? RepositoryError(.integrity, "the page that would list it is lost") : noSuchPath(path)
            )
        }
    }

    /// Sets up the level of the target; false when what is restored is a single entry, which has been dealt with.
    private func enterTop(_ root: [UInt8]) throws -> Bool {
        guard !root.isEmpty else {
            try makeTop(entry: nil)
            return true
        }
        guard let entry = try cursor.next(), entry.path == root, entry.kind != .directoryEnd else {
            guard cursor.mayHaveLost(root) else { throw noSuchPath(root) }
            throw RepositoryError(
                .integrity,
                "whether the snapshot holds \(printable(root)) is unknown: the page that would list it is lost"
            )
        }
        if entry.kind != .directory {
            try makeTop(entry: nil)
            try visit(entry)
            try flush()
            return false
        }
        let decision = decide(entry)
        guard decision != .skip else { return false }
        var top = Level(entry: entry, isTaken: decision == .take)
        top.isAbsent = levels[0].isAbsent
        levels[0] = top
        try makeTop(entry: decision == .take ? entry : nil)
        return true
    }

    private func makeTop(entry: Entry?) throws {
        let restored = RestoredDirectory(entry: context.options.isDryRun ? nil : entry, path: [])
        levels[0].restored = restored
        guard !levels[0].isAbsent else { return }
        levels[0].mount = MountIdentity(try stack.current.status())
        if !context.options.isDryRun { levels[0].staging = try makeStaging(restored, in: stack.current) }
        levels[0].surplus = try readSurplus(levels[0], stack.current)
    }

    func makeStaging(_ directory: RestoredDirectory, in parent: Directory) throws -> StagingArea {
        let area = try StagingArea(in: parent, workerCount: workerCount)
        directory.begin()
        stagingAreas.append((area, directory))
        return area
    }

    // MARK: Entries

    private func visit(_ entry: Entry) throws {
        let name = Array(entry.name)
        try removeSurplus(before: name)
        let decision = decide(entry)
        if entry.kind == .directory {
            guard decision != .skip else { return try passOver(entry) }
            levels.append(Level(entry: entry, isTaken: decision == .take))
            guard decision == .take else { return }
            context.progress.addEntry()
            do { try makeLevels() } catch let error as SystemError {
                levels.removeLast()
                context.fail(context.relativePath(entry), error)
                try passOver(entry)
            }
        } else if decision == .take {
            context.progress.addEntry()
            do {
                try makeLevels()
                try restore(entry, name)
            } catch let error as SystemError {
                context.fail(context.relativePath(entry), error)
            }
        }
    }

    private func decide(_ entry: Entry) -> RestoreDecision {
        let decision = context.options.selection.decide(entry.path, isDirectory: entry.kind == .directory)
        if decision == .take, !missingPaths.isEmpty { missingPaths.remove(entry.path) }
        return decision
    }

    /// Passes over what is below a directory, and its end.
    private func passOver(_ entry: Entry) throws {
        try cursor.skipSubtree()
        _ = try cursor.next()
        if !missingPaths.isEmpty { missingPaths = missingPaths.filter { !PathOrder.isPath($0, atOrBelow: entry.path) } }
    }

    /// Hands an entry on that is not a directory; its parent has been made.
    private func restore(_ entry: Entry, _ name: [UInt8]) throws {
        let level = levels[levels.count - 1]
        guard let parent = level.restored else { return }
        let path = context.relativePath(entry)
        try requireSafeName(name)
        var existing: FileStatus?
        if !level.isFresh, !level.isAbsent { existing = try stack.current.statusIfPresent(name) }
        if let status = existing {
            if context.keeps(status, insteadOf: entry) {
                return context.report(path, .kept, bytes: entry.size)
            }
            if status.kind == .directory {
                try removeInTheWay(name, path: path)
                existing = nil
            }
        }
        if context.options.isDryRun, existing == nil {
            let isLeftOut = entry.kind.isDevice && !context.options.allowsDevices
            return context.report(path, isLeftOut ? .skipped : .created, bytes: entry.size)
        }
        let item = try RestoreItem(
            entry: entry,
            path: path,
            directory: stack.current,
            parent: parent,
            staging: level.staging,
            existing: existing
        )
        parent.begin()
        if let unit = units.add(item) { try push(unit) }
    }

    /// Hands on what has been collected.
    func flush() throws {
        if let unit = units.take() { try push(unit) }
    }

    private func push(_ unit: RestoreUnit) throws {
        if shared.queue.push(unit) { return }
        for item in unit.items { item.parent.finishItem(context) }
        try context.check()
    }

    // MARK: Leaving

    /// Leaves a directory; that of the target is only finished with at the very end.
    private func leave() throws {
        try removeSurplus(before: nil)
        guard levels.count > 1, let level = levels.popLast(), let restored = level.restored else { return }
        if !level.isAbsent {
            restored.end(stack.current, context)
            try stack.pop()
        }
    }

    /// Leaves all directories that are open, when nothing is pending any more.
    func unwind() {
        // There is something left only if the walk did not come to its end.
        for item in units.take()?.items ?? [] { item.parent.finishItem(context) }
        while levels.count > 1 {
            guard let level = levels.popLast(), let restored = level.restored, !level.isAbsent else { continue }
            restored.end(stack.current, context)
            // What lies above cannot be reached then, and keeps the rights it has now.
            if (try? stack.pop()) == nil { return }
        }
        if let top = levels.first, let restored = top.restored, !top.isAbsent { restored.end(stack.current, context) }
    }
}
