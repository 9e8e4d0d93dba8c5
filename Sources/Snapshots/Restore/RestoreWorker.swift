import FileSystem
import Repository

/// One thread that restores files: it takes units, completes each file in its own staging directory, and hands it to the
/// placer.
final class RestoreWorker {
    let context: RestoreContext
    let content: ContentReader
    let existing: ExistingFile
    let large: LargeFileWriter
    let shared: RestoreShared
    private let number: Int
    private var nameCounter: UInt64 = 0

    init(number: Int, context: RestoreContext, shared: RestoreShared) throws {
        self.number = number
        self.context = context
        self.shared = shared
        content = try ContentReader(repository: context.repository, index: context.index, pages: context.pages)
        existing = try ExistingFile(context: context)
        large = LargeFileWriter(context: context, content: content)
    }

    /// Works until nothing is left to do.
    func run() {
        while let work = shared.queue.next() {
            switch work {
            case .unit(let unit):
                for item in unit.items { restore(item) }
                shared.queue.finishUnit()
            case .share(let file):
                help(with: file)
            }
        }
    }

    private func restore(_ item: RestoreItem) {
        do {
            try context.check()
            if context.options.isDryRun {
                try report(item)
            } else if item.entry.kind == .regular {
                try restoreFile(item)
            } else {
                try restoreSpecial(item)
            }
        } catch {
            abandon(item, error)
        }
    }

    /// Reports an item as failed.
    func abandon(_ item: RestoreItem, _ error: any Error) {
        context.fail(item.path, naming(error, item))
        item.parent.finishItem(context)
    }

    /// The error with the item's path in the place of the name that it had for the time being.
    private func naming(_ error: any Error, _ item: RestoreItem) -> any Error {
        guard let error = error as? SystemError else { return error }
        return SystemError(errno: error.errno, operation: error.operation, path: item.path)
    }

    /// Reports an item that needs not be put in place.
    func conclude(_ item: RestoreItem, _ outcome: RestoreOutcome) {
        context.report(item.path, outcome, bytes: item.entry.size)
        item.parent.finishItem(context)
    }

    private func report(_ item: RestoreItem) throws {
        switch try existing.compare(item) {
        case .same: conclude(item, .unchanged)
        case .sameContent: conclude(item, .updated)
        case .different: conclude(item, .replaced)
        }
    }

    // MARK: Files

    private func restoreFile(_ item: RestoreItem) throws {
        let entry = item.entry
        let directory = try stagingDirectory(of: item)
        if try linkToRestored(item, in: directory) { return }
        if item.existing != nil, try keepExisting(item) { return }
        if item.isLarge { return try beginLarge(item, in: directory) }
        let staged = try makeFile(in: directory)
        do {
            var offset: Int64 = 0
            try content.read(entry) { bytes in
                try staged.file.write(bytes, at: offset)
                offset += Int64(bytes.byteCount)
            } hole: { count in
                offset += Int64(count)
            }
            if entry.sparseHash != nil { try staged.file.truncate(to: Int64(entry.size)) }
            try complete(item, staged)
        } catch {
            try? directory.unlink(staged.name)
            throw error
        }
    }

    /// Keeps what is there if its content is right and only the metadata has to be set, or not even that.
    ///
    /// What has other names or another owner is not touched: somebody may have put it there to have its rights changed,
    /// or still have it open for writing.
    private func keepExisting(_ item: RestoreItem) throws -> Bool {
        switch try existing.compare(item) {
        case .different:
            return false
        case .same:
            rememberKept(item)
            conclude(item, .unchanged)
        case .sameContent(let file, let status):
            let owner = context.metadata.owner(of: item.entry)
            guard status.linkCount == 1, owner == nil || owner?.userID == status.userID else { return false }
            let problem = context.metadata.apply(item.entry, to: file, isFresh: false)
            if let problem { context.fail(item.path, naming(problem, item)) }
            rememberKept(item)
            conclude(item, .updated)
        }
        return true
    }

    private func beginLarge(_ item: RestoreItem, in directory: Directory) throws {
        if let key = item.inode, !shared.largeGroups.begin(item, key) { return }
        let staged = try makeFile(in: directory)
        let file: LargeFile
        do {
            let old = try large.prepare(staged.file, for: item)
            file = LargeFile(item: item, staged: staged, old: old, pages: context.pages)
        } catch {
            try? directory.unlink(staged.name)
            endLargeGroup(item, failure: error)
            throw error
        }
        shared.queue.share(file)
        help(with: file)
    }

    /// Writes pieces of a large file until there are none; the last thread completes the file.
    private func help(with file: LargeFile) {
        while let piece = file.takePiece() {
            do {
                try large.write(piece, of: file)
                file.finishPiece(nil)
            } catch {
                file.finishPiece(error)
            }
        }
        shared.queue.retire(file)
        guard let outcome = file.close() else { return }
        do {
            try outcome.get()
            try complete(file.item, file.staged)
            endLargeGroup(file.item, failure: nil)
        } catch {
            try? file.staged.directory.unlink(file.staged.name)
            endLargeGroup(file.item, failure: error)
            abandon(file.item, error)
        }
    }

    private func endLargeGroup(_ item: RestoreItem, failure: (any Error)?) {
        guard let key = item.inode else { return }
        for waiting in shared.largeGroups.end(key) {
            do {
                if let failure { throw failure }
                guard try linkToRestored(waiting, in: try stagingDirectory(of: waiting)) else {
                    throw RepositoryError(.missing, "the file that it is a hard link to could not be restored")
                }
            } catch {
                abandon(waiting, error)
            }
        }
    }

    // MARK: Links and special files

    private func restoreSpecial(_ item: RestoreItem) throws {
        let entry = item.entry
        if entry.kind.isDevice, !context.options.allowsDevices { return conclude(item, .skipped) }
        let directory = try stagingDirectory(of: item)
        if try linkToRestored(item, in: directory) { return }
        if item.existing != nil, case .same = try existing.compare(item) {
            rememberKept(item)
            return conclude(item, .unchanged)
        }
        let name = nextName()
        if entry.kind == .symbolicLink {
            try directory.makeSymbolicLink(name, target: entry.linkTarget)
        } else {
            guard let kind = FileKind(entry.kind) else { return }
            try directory.makeNode(
                name,
                kind: kind,
                permissions: 0o600,
                deviceMajor: entry.deviceMajor,
                deviceMinor: entry.deviceMinor
            )
        }
        if let problem = context.metadata.apply(entry, to: name, in: directory) {
            context.fail(item.path, naming(problem, item))
        }
        try rememberRestored(item, name, in: directory)
        place(item, name, in: directory, byteCount: 0)
    }

    // MARK: Staging

    private func stagingDirectory(of item: RestoreItem) throws -> Directory {
        guard let staging = item.staging else {
            throw RepositoryError(.invalidRequest, "there is no place to restore to")
        }
        return staging.workers[number]
    }

    func nextName() -> [UInt8] {
        nameCounter += 1
        return Array(String(nameCounter, radix: 36).utf8)
    }

    private func makeFile(in directory: Directory) throws -> StagedFile {
        let name = nextName()
        return StagedFile(file: try directory.createFile(name), name: name, directory: directory)
    }

    /// Sets the metadata of a file whose content is complete, and hands it to the placer.
    private func complete(_ item: RestoreItem, _ staged: StagedFile) throws {
        let problem = context.metadata.apply(item.entry, to: staged.file, isFresh: true)
        try staged.file.close()
        if let problem { context.fail(item.path, naming(problem, item)) }
        try rememberRestored(item, staged.name, in: staged.directory)
        place(item, staged.name, in: staged.directory, byteCount: item.entry.size)
    }

    func place(_ item: RestoreItem, _ name: [UInt8], in directory: Directory, byteCount: UInt64) {
        shared.placer.add(
            RestorePlacer.Placement(item: item, directory: directory, name: name, byteCount: byteCount)
        )
    }
}

/// What the threads of one restore hand their work to.
struct RestoreShared: Sendable {
    let queue: RestoreQueue
    let placer: RestorePlacer
    let largeGroups: LargeFileGroups
}
