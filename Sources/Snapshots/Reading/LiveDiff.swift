package import Cryptography
package import FileSystem
package import Records
package import Repository

/// A difference between a snapshot and a directory.
///
/// Paths are relative to the directory.
package enum LiveDifference: Sendable {
    /// The directory lacks the entry; of a directory, all below it is missing too and not reported.
    case missing([UInt8], Entry)
    /// The snapshot lacks the name; of a directory, all below it is not reported.
    case extra([UInt8], FileKind)
    /// Both have it, and it differs.
    case changed([UInt8], Entry, ChangedAspects)
    /// It could not be compared.
    case unreadable([UInt8], any Error)
}

/// Compares a snapshot, or a part of it, with a directory as it is now: with what a restore would make of it.
package final class LiveDiff {
    /// How much is looked at.
    package struct Scope: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Files are read and compared by the hash that the snapshot keeps; otherwise size and time count.
        package static let content = Scope(rawValue: 1)
        /// Names that the snapshot lacks are reported.
        package static let extra = Scope(rawValue: 2)
        /// Files are read from the disk rather than from memory, as far as the system follows the advice.
        package static let fromDisk = Scope(rawValue: 4)
    }

    private struct Level {
        let entry: Entry
        let isTaken: Bool
        var surplus: SurplusNames?
    }

    private let cursor: ManifestCursor
    private let options: RestoreOptions
    private let scope: Scope
    private let metadata: MetadataWriter
    private let comparison: FileComparison
    private let check: () throws -> Void
    private var levels: [Level] = []
    /// Entries compared, directories included.
    package private(set) var comparedCount: UInt64 = 0

    /// Prepares a comparison with what a restore with these options would make: its root, selection, ownership and
    /// attributes count.
    ///
    /// - Parameter lost: told of entries that are lost to damage; they are not compared.
    package convenience init(
        repository: Repository,
        index: LocalIndex,
        root: PageReference,
        digest: Digest? = nil,
        options: RestoreOptions = RestoreOptions(),
        scope: Scope = [.extra],
        lost: @escaping (LostEntries) -> Void = { _ in }
    ) throws {
        let pages = try RepositoryChunkSource(repository: repository, index: index)
        try self.init(
            cursor: try ManifestCursor(
                page: root,
                digest: digest,
                source: pages,
                salvage: ManifestSalvage(report: lost)
            ),
            pages: pages,
            options: options,
            scope: scope
        ) {
            if repository.environment.isCancelled() { throw RepositoryError(.cancelled, "stopped") }
        }
    }

    init(
        cursor: ManifestCursor,
        pages: any ChunkSource,
        options: RestoreOptions,
        scope: Scope,
        check: @escaping () throws -> Void
    ) throws {
        self.cursor = cursor
        self.options = options
        self.scope = scope
        self.check = check
        metadata = MetadataWriter(options: options, source: pages)
        comparison = try FileComparison(pages: pages, check: check)
    }

    /// Compares with an open directory and hands on each difference, in path order.
    package func run(against target: Directory, _ report: (LiveDifference) throws -> Void) throws {
        var stack = DirectoryStack(root: target)
        var walk = try EntryWalk(cursor, root: options.root, selection: options.selection)
        levels = [
            Level(
                entry: Entry(path: [], kind: .directory),
                isTaken: options.root.isEmpty,
                surplus: options.root.isEmpty ? try names(target) : nil
            )
        ]
        while let entry = try walk.next() {
            try check()
            if entry.kind == .directoryEnd {
                try reportSurplus(before: nil, stack, report)
                guard levels.count > 1 else { break }
                levels.removeLast()
                try stack.pop()
                continue
            }
            let path = walk.relativePath(entry)
            if path.isEmpty {
                // The root itself is the target.
                levels[0] = Level(
                    entry: entry,
                    isTaken: walk.decision == .take,
                    surplus: walk.decision == .take ? try names(target) : nil
                )
                try compareDirectory(entry, target, path, walk.decision, report)
                continue
            }
            let name = Array(entry.name)
            try reportSurplus(before: name, stack, report)
            if entry.kind == .directory {
                if let directory = try open(name, entry, path, walk.decision, stack.current, report) {
                    try stack.push(directory, named: name)
                    levels.append(
                        Level(
                            entry: entry,
                            isTaken: walk.decision == .take,
                            surplus: walk.decision == .take ? try names(directory) : nil
                        )
                    )
                } else {
                    try walk.skipSubtree()
                    _ = try walk.next()
                }
            } else {
                try compare(entry, name, path, in: stack.current, report)
            }
        }
        if options.root.isEmpty { try reportSurplus(before: nil, stack, report) }
    }

    private func names(_ directory: Directory) throws -> SurplusNames? {
        scope.contains(.extra) ? SurplusNames(try directory.names()) : nil
    }

    private func reportSurplus(
        before name: [UInt8]?,
        _ stack: DirectoryStack,
        _ report: (LiveDifference) throws -> Void
    ) throws {
        let last = levels.count - 1
        while let (surplus, kind) = levels[last].surplus?.next(before: name) {
            if StagingArea.isStagingName(surplus) { continue }
            guard let kind = try kind ?? stack.current.statusIfPresent(surplus)?.kind else { continue }
            let directory = levels[last].entry.path
            let path = directory.isEmpty ? surplus : directory + [PathOrder.separator] + surplus
            guard options.selection.decide(path, isDirectory: kind == .directory) == .take,
                !cursor.mayHaveLost(path)
            else { continue }
            try report(.extra(stack.path.isEmpty ? surplus : stack.path + [PathOrder.separator] + surplus, kind))
        }
    }

    /// Opens a directory of the target and compares it; nil if it is not there, which is reported.
    private func open(
        _ name: [UInt8],
        _ entry: Entry,
        _ path: [UInt8],
        _ decision: RestoreDecision,
        _ parent: Directory,
        _ report: (LiveDifference) throws -> Void
    ) throws -> Directory? {
        do {
            guard let status = try parent.statusIfPresent(name) else {
                if decision == .take { try report(.missing(path, entry)) }
                return nil
            }
            guard status.kind == .directory else {
                if decision == .take { try report(.changed(path, entry, .kind)) }
                return nil
            }
            let directory = try parent.openDirectory(name)
            try compareDirectory(entry, directory, path, decision, report)
            return directory
        } catch let error as SystemError {
            try report(.unreadable(path, error))
            return nil
        }
    }

    private func compareDirectory(
        _ entry: Entry,
        _ directory: Directory,
        _ path: [UInt8],
        _ decision: RestoreDecision,
        _ report: (LiveDifference) throws -> Void
    ) throws {
        comparedCount += 1
        // A parent of a saved path may differ: a restore leaves it alone if it is there.
        guard decision == .take, !entry.flags.contains(.implied) else { return }
        let matches = try metadata.matches(entry, try directory.status()) {
            try directory.descriptor.extendedAttributes()
        }
        if !matches { try report(.changed(path, entry, .metadata)) }
    }

    private func compare(
        _ entry: Entry,
        _ name: [UInt8],
        _ path: [UInt8],
        in directory: Directory,
        _ report: (LiveDifference) throws -> Void
    ) throws {
        if entry.kind.isDevice, !options.allowsDevices { return }
        comparedCount += 1
        do {
            guard let status = try directory.statusIfPresent(name) else { return try report(.missing(path, entry)) }
            guard status.kind == FileKind(entry.kind) else { return try report(.changed(path, entry, .kind)) }
            let aspects = try aspects(of: entry, status, name, in: directory)
            if !aspects.isEmpty { try report(.changed(path, entry, aspects)) }
        } catch let error as SystemError {
            try report(.unreadable(path, error))
        }
    }

    private func aspects(
        of entry: Entry,
        _ status: FileStatus,
        _ name: [UInt8],
        in directory: Directory
    ) throws -> ChangedAspects {
        var aspects: ChangedAspects = []
        switch entry.kind {
        case .regular:
            if UInt64(status.size) != entry.size {
                aspects.insert(.content)
            } else if scope.contains(.content) {
                let file = try directory.openFile(name)
                if scope.contains(.fromDisk) { file.adviseNotNeeded() }
                if try !comparison.holds(file, entry) { aspects.insert(.content) }
            }
        case .symbolicLink:
            if try directory.readLink(name) != entry.linkTarget { aspects.insert(.content) }
        case .characterDevice, .blockDevice:
            if status.deviceMajor != entry.deviceMajor || status.deviceMinor != entry.deviceMinor {
                aspects.insert(.content)
            }
        case .directory, .directoryEnd, .fifo, .socket:
            break
        }
        let matches = try metadata.matches(entry, status) { try directory.extendedAttributes(name) }
        if !matches { aspects.insert(.metadata) }
        return aspects
    }
}
