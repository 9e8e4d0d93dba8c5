import Cryptography
import ObjectStorage
import Records
import Repository

/// Checks what needs no key to read: slots, commits and all signed records, and that the packs they name exist.
struct StructureCheck {
    let store: any ObjectStore
    let repository: RepositoryID
    let policies: PolicyChain
    let problems: ProblemLog
    let isCancelled: @Sendable () -> Bool

    /// What the structure has shown.
    struct Result {
        var survey: ObjectSurvey
        /// The packs that some snapshot needs, with what lists say of them.
        var origins: [ObjectHash: Set<ListedPacks.Origin>]
        /// Packs that prune plans have deleted.
        var deleted: Set<ObjectHash>
        /// Packs that lists name and the listing does not have as they should be.
        var missing: MissingPacks
        /// Index fragments that lists name and that are not there.
        var missingFragments: [ObjectHash]

        /// Whether some snapshot needs the pack.
        func needs(_ pack: ObjectHash) -> Bool { origins[pack] != nil }

        /// Reports index fragments that are not there.
        func reportMissingFragments(_ problems: ProblemLog) {
            for fragment in missingFragments {
                problems.warning(
                    .index,
                    "index fragment \(fragment) is missing; its packs are read by their own directories, which takes "
                        + "longer (holdfast repair index)",
                    object: ObjectNames.index(fragment)
                )
            }
        }
    }

    /// Checks all of it.
    ///
    /// - Parameter log: the commits, loaded before.
    func run(_ log: CommitLog) throws -> Result {
        for problem in log.problems { problems.error(.history, problem.message) }
        let survey = try ObjectSurvey.take(store, problems: problems)
        try checkSlots(survey)
        for stray in policies.strays {
            problems.error(
                .policy,
                "\(stray.name) is no policy and is ignored: \(stray.reason); remove it",
                object: stray.name
            )
        }
        // After the listing: a plan is decided before its packs are deleted.
        let book = try PlanBook.load(from: store, id: repository, policies: policies)
        if book.hidesPlans {
            problems.warning(.record, "a prune plan is damaged: backups reuse nothing until it is removed")
        }
        var packs = ListedPacks(log, book: book)
        var missingFragments: [ObjectHash] = []
        for name in survey.records {
            if isCancelled() { throw RepositoryError(.cancelled, "stopped before everything was checked") }
            try check(name, survey, &packs, &missingFragments)
        }
        for problem in try RecordChains.problems(in: store, repository: repository, policies: policies) {
            problems.error(.record, problem)
        }
        try packs.report(store, problems: problems)
        return Result(
            survey: survey,
            origins: packs.origins,
            deleted: book.deleted,
            missing: MissingPacks(packs: packs.missing),
            missingFragments: missingFragments
        )
    }

    private func checkSlots(_ survey: ObjectSurvey) throws {
        do {
            _ = try Slots(store: store, repository: repository) { problems.error(.slot, $0) }
        } catch let error as RepositoryError where error.code == .integrity {
            problems.error(.slot, error.message)
        }
        let valid = policies.current.validSlots
        for slot in valid.subtracting(survey.slots).sorted() {
            problems.error(
                .slot,
                "key slot \(slot), which the policy names, is missing: whoever used it cannot open the repository",
                object: ObjectNames.slot(slot)
            )
        }
        for slot in survey.slots.subtracting(valid).sorted() {
            problems.warning(
                .slot,
                "key slot \(slot) is not in the policy in force and opens nothing",
                object: ObjectNames.slot(slot)
            )
        }
    }

    private func check(
        _ name: ParsedName,
        _ survey: ObjectSurvey,
        _ packs: inout ListedPacks,
        _ missingFragments: inout [ObjectHash]
    ) throws {
        do {
            let object = try store.readAll(ObjectName(name.name), atMost: name.kind.maximumByteCount)
            let hash = unsafe try SHA256.hash(object.span.bytes)
            if let expected = name.hash, expected != hash {
                throw RepositoryError(.integrity, "its bytes are not those that its name says")
            }
            let list = try SignedObjectCheck.verify(object, name: name, repository: repository, policies: policies)
            if let list {
                packs.add(list, hash: hash, survey: survey, problems: problems)
                missingFragments += list.fragments.map(\.name).filter { survey.fragments[$0] == nil }
            }
        } catch let error as StorageError where error.code == .notFound {
            // A run that has ended took it away since the listing.
        } catch let error where error.isDamage {
            problems.error(
                name.problemKind,
                "the \(name.kind.name) \(name.name) is damaged or forged: \(error)",
                object: name.name
            )
        }
    }
}
