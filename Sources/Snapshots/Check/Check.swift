import Cryptography
import FileSystem
import ObjectStorage
import Records
package import Repository

/// Verifies a repository with its keys: header, policies, slots, commits and their chains, lists, index, manifests, and
/// on request the packs themselves.
package final class Check: Sendable {
    let repository: Repository
    let options: CheckOptions
    let problems: ProblemLog
    let observer: any CheckObserver
    /// Counters for progress lines.
    package let progress: CheckProgress

    /// Prepares a check.
    package init(
        repository: Repository,
        options: CheckOptions,
        observer: any CheckObserver,
        progress: CheckProgress = CheckProgress()
    ) {
        self.repository = repository
        self.options = options
        self.observer = observer
        self.progress = progress
        problems = ProblemLog(observer: observer)
    }

    /// Runs it.
    ///
    /// - Returns: counts; `isGood` says whether anything is damaged, lost or forged. What is wrong goes to the observer.
    /// - Throws: `RepositoryError.cancelled`, or what keeps the store from being read.
    package func run() throws -> CheckSummary {
        observer.begins(.structure)
        let policies = try checkPolicies()
        let log = try CommitLog.load(repository)
        for problem in try repository.look(log).problems { problems.error(.history, problem.message) }
        let structure = try StructureCheck(
            store: repository.store,
            repository: repository.id,
            policies: policies,
            problems: problems,
            isCancelled: repository.environment.isCancelled
        ).run(log)
        var summary = CheckSummary()
        summary.add(structure)
        summary.commits = log.commits.count

        observer.begins(.index)
        let index = try checkIndex(structure, &summary)
        observer.begins(.manifests)
        let manifests = try checkManifests(
            log,
            ChunkPresence(index: index, packs: structure.survey.packs, listed: structure.origins),
            &summary
        )
        try reportMissing(structure, manifests)
        var damage = manifests.damage
        if options.readData != .none {
            observer.begins(.data)
            if let found = try checkData(log, index, structure, &summary) { damage.add(lossesOf: found) }
        }
        for losses in damage.snapshotLosses {
            summary.damagedSnapshots += 1
            summary.damagedFiles += losses.files
            summary.lostEntries += losses.lostEntries
            observer.lost(losses)
        }
        (summary.errors, summary.warnings) = problems.totals
        return summary
    }

    /// Reads header and policies again, and compares them with what the repository was opened by.
    private func checkPolicies() throws -> PolicyChain {
        var rootPolicy = repository.policies.hashes[0]
        do {
            let format = try Repository.readFormat(repository.store)
            rootPolicy = format.rootPolicy
            if format.repository != repository.id {
                problems.error(
                    .format,
                    "the object \"format\" names another repository: it was replaced",
                    object: "format"
                )
            }
        } catch let error as RepositoryError where error.code == .noRepository {
            problems.error(.format, "the object \"format\" is missing", object: "format")
        } catch let error where error.isDamage {
            problems.error(.format, "\(error)", object: "format")
        }
        do {
            return try PolicyChain(
                store: repository.store,
                repository: repository.id,
                rootOwner: repository.keyring.rootOwner,
                rootPolicy: rootPolicy
            )
        } catch let error where error.isDamage {
            problems.error(.policy, "the policies cannot be verified: \(error)")
            return repository.policies
        }
    }

    private func checkIndex(_ structure: StructureCheck.Result, _ summary: inout CheckSummary) throws -> LocalIndex {
        let index = try repository.loadIndexAnew { name, error in
            problems.error(
                .index,
                "index fragment \(name) is damaged or forged; nothing is lost, its packs describe themselves: repair it with "
                    + "holdfast repair index (\(error))",
                object: ObjectNames.index(name)
            )
        }
        let described = index.packs()
        let names = Set(described.map(\.name))
        summary.packsWithoutIndex = structure.survey.packs.keys.count { !names.contains($0) }
        // Where all packs are described, as after a repair, nothing is missed.
        if summary.packsWithoutIndex > 0 { structure.reportMissingFragments(problems) }
        for pack in index.noteMissing(present: structure.survey.packs) { try checkMissing(pack, structure) }
        for (pack, error) in try repository.indexUncoveredPacks(index).damaged {
            problems.error(
                .packDamaged,
                "pack \(pack.name) is in no index fragment, and its own directory does not open: \(error)",
                object: ObjectNames.pack(pack.name)
            )
        }
        return index
    }

    /// A pack that the index describes and the listing does not have.
    private func checkMissing(_ pack: PackReference, _ structure: StructureCheck.Result) throws {
        // What snapshots need was told by their lists, and what a prune has deleted is not missed: a fragment that
        // describes other packs as well stays.
        guard !structure.needs(pack.name), !structure.deleted.contains(pack.name) else { return }
        let object = ObjectNames.pack(pack.name)
        if let length = structure.survey.packs[pack.name] {
            problems.error(
                .packLength,
                "pack \(pack.name) is \(length) bytes long, and the index says \(pack.byteCount)",
                object: object
            )
        } else if try !repository.store.exists(ObjectName(object)) {
            problems.warning(
                .packMissing,
                "pack \(pack.name) is in the index and missing; no snapshot needs it",
                object: object
            )
        }
    }

    /// What walking the manifests has shown.
    private struct Manifests {
        var damage: DamageReport
        /// Whether all of them could be walked with this key.
        var isComplete: Bool
    }

    /// Reports missing packs that lists name.
    ///
    /// Those that hold nothing any more that is not stored elsewhere as well, as after a later backup has stored it
    /// again, are no loss.
    private func reportMissing(_ structure: StructureCheck.Result, _ manifests: Manifests) throws {
        let isSure = manifests.isComplete && !manifests.damage.hasLostPages
        structure.missing.report(survey: structure.survey, problems: problems) { pack in
            !isSure || manifests.damage.isMissed(pack)
        }
    }

    private func checkManifests(
        _ log: CommitLog,
        _ presence: ChunkPresence,
        _ summary: inout CheckSummary
    ) throws -> Manifests {
        var isComplete = true
        let verifier = try ManifestVerifier(
            source: try RepositoryChunkSource(repository: repository, index: presence.index),
            presence: presence,
            isCancelled: repository.environment.isCancelled
        )
        progress.expect(snapshots: log.commits.count)
        var isSealed = false
        // The newest first: in it every directory is seen whole.
        for commit in log.commits.reversed() {
            do {
                if try verifier.verify(try claims(of: commit), of: commit.id) { summary.snapshots += 1 }
            } catch let error as RepositoryError where error.code == .notPermitted {
                isSealed = true
                isComplete = false
            }
            progress.addSnapshot()
        }
        if isSealed {
            problems.warning(.manifest, "this key may not read all snapshots; the manifests of others were not checked")
        }
        summary.pages = verifier.pageCount
        summary.entries = verifier.entryCount
        verifier.damage.report(problems)
        return Manifests(damage: verifier.damage, isComplete: isComplete)
    }

    /// What a commit and its sealed part say of the root page.
    private func claims(of commit: VerifiedCommit) throws -> PageClaims {
        var claims = PageClaims(
            id: commit.commit.root.chunk,
            level: Int(clamping: commit.commit.root.level),
            digest: nil
        )
        do {
            let details = try repository.details(of: commit.commit)
            claims.digest = details.rootDigest
            if details.statistics.entries > 0 {
                claims.entries = details.statistics.entries
                claims.contentBytes = details.statistics.contentBytes
            }
        } catch let error as RepositoryError where error.code == .notPermitted {
            throw error
        } catch let error where error.isDamage {
            problems.error(
                .history,
                "the sealed part of commit \(commit.id) is damaged or forged: \(error)",
                snapshots: [commit.id]
            )
        }
        return claims
    }
}

extension CheckSummary {
    mutating func add(_ structure: StructureCheck.Result) {
        objects = structure.survey.objectCount
        objectBytes = structure.survey.byteCount
        packs = structure.survey.packs.count
        packBytes = structure.survey.packs.values.reduce(0, +)
        let unreferenced = structure.survey.packs.filter { !structure.needs($0.key) }
        unreferencedPacks = unreferenced.count
        unreferencedPackBytes = unreferenced.values.reduce(0, +)
    }

    mutating func add(_ read: CheckSummary) {
        packsRead += read.packsRead
        bytesRead += read.bytesRead
        chunksRead += read.chunksRead
        plainBytesRead += read.plainBytesRead
    }
}
