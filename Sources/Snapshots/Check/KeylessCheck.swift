import Cryptography
package import FileSystem
package import ObjectStorage
import Records
import Repository

/// Verifies what needs no key: names, sizes, the header, the policies that follow from it, all signatures, the packs
/// that commits name; and, when data is read, that packs and index fragments are the bytes that their names say.
///
/// Whoever controls the store could show another repository that hangs together as well: without a key nothing says
/// that it is the one of old.
package enum KeylessCheck {
    /// Runs it.
    ///
    /// - Parameters:
    ///   - state: the repository's directory of local state, for the rotation of packs; none forgets it.
    /// - Throws: `RepositoryError.noRepository`, `.unsupported`, `.cancelled`, or what keeps the store from being read.
    package static func run(
        store: any ObjectStore,
        options: CheckOptions = CheckOptions(),
        observer: any CheckObserver,
        progress: CheckProgress = CheckProgress(),
        state: Directory? = nil,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws -> CheckSummary {
        let problems = ProblemLog(observer: observer)
        observer.begins(.structure)
        var summary = CheckSummary()
        if let repository = try open(store, problems) {
            let structure = try checkStructure(repository, problems, isCancelled, &summary)
            if options.readData != .none {
                observer.begins(.data)
                try checkFragments(structure.survey, store, problems)
                let rotation = ReadRotation(directory: state)
                rotation.keep(only: structure.survey.packs.keys)
                let packs = structure.survey.packReferences
                let check = DataCheck(
                    packs: ReadSelection.select(from: packs, options.readData, lastRun: rotation.lastRun),
                    origins: structure.origins,
                    rotation: rotation,
                    damagedPacks: nil,
                    problems: problems,
                    progress: progress
                )
                let read = try check.run(workers: options.workers ?? processorCount()) {
                    let hasher = PackHasher(store: store, isCancelled: isCancelled) { progress.addBytes($0) }
                    return { try hasher.verify($0) }
                }
                summary.add(read)
                if options.readData == .all {
                    try ParityObjectCheck.run(
                        structure.survey,
                        store: store,
                        problems: problems,
                        isCancelled: isCancelled
                    )
                }
                if rotation.isPersistent { summary.packsNeverRead = packs.count { rotation.lastRun(of: $0.name) == 0 } }
            }
        }
        (summary.errors, summary.warnings) = problems.totals
        return summary
    }

    /// Header and policies; without them nothing else can be verified.
    private static func open(_ store: any ObjectStore, _ problems: ProblemLog) throws -> PublicRepository? {
        do {
            _ = try Repository.readFormat(store)
        } catch let error as RepositoryError where error.code == .noRepository || error.code == .unsupported {
            throw error
        } catch let error where error.isDamage {
            problems.error(.format, "\(error)", object: ObjectNames.format)
            return nil
        }
        do {
            return try PublicRepository(store: store)
        } catch let error where error.isDamage {
            problems.error(.policy, "the policies cannot be verified: \(error)")
            return nil
        }
    }

    private static func checkStructure(
        _ repository: PublicRepository,
        _ problems: ProblemLog,
        _ isCancelled: @escaping @Sendable () -> Bool,
        _ summary: inout CheckSummary
    ) throws -> StructureCheck.Result {
        let id = repository.format.repository
        let log = try CommitLog.load(
            from: repository.store,
            id: id,
            policies: repository.policies,
            now: wallClockNanoseconds()
        )
        let structure = try StructureCheck(
            store: repository.store,
            repository: id,
            policies: repository.policies,
            problems: problems,
            isCancelled: isCancelled
        ).run(log)
        structure.missing.report(survey: structure.survey, problems: problems) { _ in true }
        structure.reportMissingFragments(problems)
        summary.add(structure)
        summary.commits = log.commits.count
        return structure
    }

    private static func checkFragments(
        _ survey: ObjectSurvey,
        _ store: any ObjectStore,
        _ problems: ProblemLog
    ) throws {
        for fragment in survey.fragments.keys.sorted() {
            let name = ObjectNames.index(fragment)
            do {
                let object = try store.readAll(ObjectName(name), atMost: FormatBounds.indexFragment)
                guard unsafe try SHA256.hash(object.span.bytes) == fragment else {
                    throw RepositoryError(.integrity, "its bytes are not those that its name says")
                }
            } catch let error as StorageError where error.code == .notFound {
                continue
            } catch let error where error.isDamage {
                problems.error(
                    .index,
                    "index fragment \(fragment) is damaged; nothing is lost, its packs describe themselves: repair it "
                        + "with holdfast repair index (\(error))",
                    object: name
                )
            }
        }
    }
}
