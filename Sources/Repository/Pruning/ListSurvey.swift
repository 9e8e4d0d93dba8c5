import Cryptography
import ObjectStorage
package import Records

/// The pack lists of a repository, and what still needs them.
package struct ListSurvey {
    /// A list, by what its name says.
    package struct Name: Hashable, Sendable {
        /// Member and run that wrote it.
        package var run: RunReference
        /// Its number within the run.
        package var number: UInt64

        /// The object's name.
        package var object: String { ObjectNames.packList(member: run.member, run: run.run, number: number) }
    }

    private struct Listed {
        var name: Name
        var kind: PackList.Kind
        var packs: [ObjectHash]
        var fragments: [ObjectHash]
    }

    /// Packs that must stay though nothing needs them: of runs that are not over, and of runs that were interrupted so
    /// lately that they may be repeated.
    package private(set) var protected: Set<ObjectHash> = []
    /// Runs whose end must stay, since it says when they were interrupted.
    package private(set) var interrupted: Set<RunReference> = []
    /// Lists that no commit names, of runs that are over.
    package private(set) var unnamed: Set<Name> = []
    private var lists: [Listed] = []

    /// Reads all lists.
    ///
    /// - Parameters:
    ///   - board: the runs, listed after the packs.
    ///   - keepSeconds: for how long packs of an interrupted run stay.
    package init(_ repository: Repository, log: CommitLog, board: LeaseBoard, keepSeconds: UInt64) throws {
        let named = ListSurvey.named(log)
        var names: [Name] = []
        try repository.store.list(prefix: ObjectNames.packLists) { name, _ in
            guard case .packList(let member, let run, let number)? = ObjectNames.parse(name.path) else { return }
            names.append(Name(run: RunReference(member: member, run: run), number: number))
        }
        var fresh: [RunReference: Bool] = [:]
        for name in names {
            guard let list = repository.readPackList(name) else { continue }
            let packs = list.packs.map(\.name)
            lists.append(
                Listed(name: name, kind: list.kind, packs: packs, fragments: list.fragments.map(\.name))
            )
            guard !board.isActive(name.run) else {
                protected.formUnion(packs)
                continue
            }
            guard !named.contains(name) else { continue }
            unnamed.insert(name)
            let isFresh =
                try fresh[name.run]
                ?? repository.isFreshlyInterrupted(name.run, board.runs[name.run], log: log, keepSeconds: keepSeconds)
            fresh[name.run] = isFresh
            if isFresh {
                protected.formUnion(packs)
                interrupted.insert(name.run)
            }
        }
    }

    /// The lists that commits name, void ones too: as long as a commit is there, its lists are.
    package static func named(_ log: CommitLog) -> Set<Name> {
        var names: Set<Name> = []
        for commit in log.commits + log.voidCommits {
            for list in commit.commit.addedPackLists + commit.commit.referredPackLists {
                names.insert(Name(run: RunReference(member: list.member, run: list.run), number: list.number))
            }
        }
        return names
    }

    /// Fragments that lists name and all of whose packs, by the lists, are gone.
    package func fragments(gone: (ObjectHash) -> Bool) -> Set<ObjectHash> {
        var candidates: Set<ObjectHash> = []
        var needed: Set<ObjectHash> = []
        for list in lists {
            if !list.packs.isEmpty, list.packs.allSatisfy(gone) {
                candidates.formUnion(list.fragments)
            } else {
                needed.formUnion(list.fragments)
            }
        }
        return candidates.subtracting(needed)
    }

    /// All fragments that lists name.
    package var namedFragments: Set<ObjectHash> { Set(lists.flatMap(\.fragments)) }

    /// Lists that nothing names and that vouch for nothing any more; those of `named` stay.
    package func unneeded(gone: (ObjectHash) -> Bool, named: Set<Name>) -> [Name] {
        lists.filter { list in
            let vouches = list.kind == .added || !list.fragments.isEmpty
            return unnamed.contains(list.name) && !named.contains(list.name)
                && (!vouches || list.packs.allSatisfy(gone))
        }.map(\.name)
    }

    /// All packs of the lists but some.
    package func mentioned(without removed: Set<Name>) -> Set<ObjectHash> {
        Set(lists.lazy.filter { !removed.contains($0.name) }.flatMap(\.packs))
    }
}

extension Repository {
    /// Reads and verifies a pack list; nil for one that is gone, damaged or forged: it is left alone.
    fileprivate func readPackList(_ name: ListSurvey.Name) -> PackList? {
        guard let key = policies.key(of: name.run.member),
            let object = try? store.readAll(ObjectName(name.object), atMost: RecordKind.packList.maximumByteCount),
            let list = try? SignedRecord.body(PackList.self, of: object, signedBy: key, repository: id),
            list.run == name.run.run, list.number == name.number
        else { return nil }
        return list
    }

    /// Whether a run that is over ended without a commit, so lately that its packs may still be of use.
    fileprivate func isFreshlyInterrupted(
        _ run: RunReference,
        _ state: LeaseBoard.Run?,
        log: CommitLog,
        keepSeconds: UInt64
    ) throws -> Bool {
        let hasCommit = log.commits.contains { $0.commit.run == run.run && $0.commit.signer == run.member }
        guard let state, !hasCommit else { return false }
        let name =
            state.hasEnded
            ? ObjectNames.leaseEnd(member: run.member, run: run.run)
            : ObjectNames.leaseDead(member: run.member, run: run.run)
        guard let lease = readLease(name, of: run), lease.commit == nil, lease.activity != .prune else { return false }
        let age = environment.now() - lease.time
        // A time in the future says nothing; half an hour may be a matter of clocks.
        return age > -1_800_000_000_000 && age < Int64(clamping: min(keepSeconds, 1 << 32)) * 1_000_000_000
    }
}
