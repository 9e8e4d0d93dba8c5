package import Cryptography
import FileSystem
package import Records
package import Repository
import Threads

/// Restores one snapshot, or a part of it, to a directory.
///
/// Everything is resolved beneath the target: each directory is opened from its parent's descriptor, no link is followed.
/// A file is completed in a private directory of the target, with its metadata, and only then moved to its name. One
/// thread walks the manifest, some write files, one puts them in place; memory does not depend on the snapshot's size.
package final class Restore: Sendable {
    private let repository: Repository
    private let index: LocalIndex
    private let root: PageReference
    private let digest: Digest?
    private let options: RestoreOptions
    private let observer: any RestoreObserver
    /// Counters for progress lines.
    package let progress: RestoreProgress

    /// Prepares a restore of the manifest with the given root page.
    ///
    /// - Parameter digest: the digest of the root page, if it is known.
    package init(
        repository: Repository,
        index: LocalIndex,
        root: PageReference,
        digest: Digest? = nil,
        options: RestoreOptions = RestoreOptions(),
        observer: any RestoreObserver,
        progress: RestoreProgress = RestoreProgress()
    ) {
        self.repository = repository
        self.index = index
        self.root = root
        self.digest = digest
        self.options = options
        self.observer = observer
        self.progress = progress
    }

    /// Restores to a directory, which is made if it is missing.
    ///
    /// Items that cannot be restored are reported to the observer and counted; nothing is left under their names.
    ///
    /// - Throws: `RepositoryError.cancelled` if the user stopped it, `.invalidRequest` if the snapshot has no such root,
    ///   a `ManifestError`, `.integrity` or `.missing` if the root page is damaged (what other pages list is reported as
    ///   lost, and the rest restored), a `SystemError` if the target cannot be used or is full. What was in place by then stays, complete;
    ///   nothing else does.
    package func run(to target: [UInt8]) throws -> RestoreSummary {
        let descriptorLimit = (try? raiseDescriptorLimit()) ?? 1024
        let context = try RestoreContext(
            repository: repository,
            index: index,
            options: options,
            observer: observer,
            progress: progress
        )
        let cursor = try ManifestCursor(
            page: root,
            digest: digest,
            source: context.pages,
            salvage: ManifestSalvage { context.lose($0) }
        )
        let (directory, isAbsent) = try openTarget(target)
        let workerCount = max(1, options.workers ?? processorCount())
        let queue = RestoreQueue(capacity: 4 + 2 * workerCount)
        let shared = RestoreShared(
            queue: queue,
            placer: RestorePlacer(context: context, mostDirectories: max(64, descriptorLimit / 8)),
            largeGroups: LargeFileGroups()
        )
        let walker = try RestoreWalker(
            context: context,
            shared: shared,
            cursor: cursor,
            target: directory,
            isTargetAbsent: isAbsent,
            workerCount: workerCount,
            directoriesPerUnit: max(8, min(256, descriptorLimit / 128))
        )
        shared.placer.start()
        let threads = (0..<workerCount).map { number in
            WorkerThread(name: "hf-restore-\(number)") {
                do { try RestoreWorker(number: number, context: context, shared: shared).run() } catch {
                    context.abort(error)
                    queue.cancel(context)
                }
            }
        }
        var damage: (any Error)?
        do {
            do {
                try walker.run()
            } catch  where isDamage(error) {
                // What stands before the damage is restored all the same.
                damage = error
                try walker.flush()
            }
            queue.finish()
        } catch {
            context.abort(error)
            queue.cancel(context)
        }
        for thread in threads { thread.join() }
        shared.placer.finish()
        try finish(walker, context)
        try context.check()
        if let damage { throw damage }
        if options.verifiesAfter, !options.isDryRun { try verify(directory, context) }
        return progress.summary
    }

    /// Whether the manifest cannot be read on, rather than anything being wrong with the target.
    private func isDamage(_ error: any Error) -> Bool {
        if error is ManifestError { return true }
        guard let error = error as? RepositoryError else { return false }
        return error.code == .integrity || error.code == .missing
    }

    /// Opens the target; in a dry run, in which it may be missing, any directory in its stead.
    private func openTarget(_ target: [UInt8]) throws -> (Directory, isAbsent: Bool) {
        guard options.isDryRun else { return (try Directory.openOrMake(path: target, permissions: 0o755), false) }
        do {
            return (try Directory.open(path: target), false)
        } catch {
            guard error.isNotFound else { throw error }
            return (try Directory.open(path: [UInt8(ascii: "/")]), true)
        }
    }

    /// Removes the staging areas, sets the metadata that waited for that, and flushes everything to disk.
    private func finish(_ walker: RestoreWalker, _ context: RestoreContext) throws {
        walker.unwind()
        for (area, directory) in walker.stagingAreas {
            do { try area.remove() } catch {
                observer.warning("a directory for unfinished files could not be removed: \(error)")
            }
            directory.finishItem(context)
        }
        guard options.isDurable else { return }
        for (area, _) in walker.stagingAreas { try area.parent.syncFileSystem() }
    }

    /// Reads everything back and compares it with the snapshot.
    private func verify(_ target: Directory, _ context: RestoreContext) throws {
        let comparison = try LiveDiff(
            // What is lost was told before.
            cursor: try ManifestCursor(
                page: root,
                digest: digest,
                source: context.pages,
                salvage: ManifestSalvage()
            ),
            pages: context.pages,
            options: options,
            scope: [.content, .fromDisk],
            check: context.check
        )
        var failed: UInt64 = 0
        try comparison.run(against: target) { difference in
            switch difference {
            case .changed(let path, _, let aspects):
                if context.isKept(path) { return }
                failed += 1
                context.fail(path, VerificationFailure(aspects: aspects))
            case .missing(let path, _):
                failed += 1
                context.fail(path, VerificationFailure(aspects: []))
            case .unreadable(let path, let error):
                failed += 1
                context.fail(path, error)
            case .extra:
                break
            }
        }
        progress.addVerified(comparison.comparedCount - min(failed, comparison.comparedCount))
    }
}

/// What was restored is not what the snapshot holds.
package struct VerificationFailure: Error, CustomStringConvertible {
    /// What differs; nothing if the item is missing.
    package var aspects: ChangedAspects

    package var description: String {
        if aspects.isEmpty { return "verification failed: it is missing" }
        if aspects.contains(.kind) { return "verification failed: it is something else" }
        if aspects.contains(.content) { return "verification failed: its content is not that of the snapshot" }
        return "verification failed: owner, permissions, time or attributes are not those of the snapshot"
    }
}
