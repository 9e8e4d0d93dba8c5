import Cryptography
import ObjectStorage
package import Records

extension Repository {
    /// The other prunes that may be at work and began before this one, by their own clocks.
    ///
    /// Of two that begin together both find the same one to be the older.
    package func olderPrunes(than own: RunReference) throws -> [RunReference] {
        func beginning(_ run: RunReference, _ state: LeaseBoard.Run) -> Lease? {
            guard let first = state.numbers.first else { return nil }
            return readLease(ObjectNames.lease(member: run.member, run: run.run, number: first), of: run)
        }
        let board = try LeaseBoard.load(store)
        let ownTime = board.runs[own].flatMap { beginning(own, $0) }?.time ?? environment.now()
        return board.active.filter { run in
            guard run != own, let state = board.runs[run], let lease = beginning(run, state) else { return false }
            return lease.activity == .prune && (lease.time, run) < (ownTime, own)
        }
    }

    /// The runs that might refer to what a plan names that is durable now: those whose lease may be older than it.
    ///
    /// Prunes are not among them: they refer to nothing, and the numbers of plans keep them apart.
    package func runsToWaitFor(without own: RunReference) throws -> [RunReference] {
        let board = try LeaseBoard.load(store)
        return board.active.filter { run in
            guard run != own, let last = board.runs[run]?.numbers.last else { return false }
            let lease = readLease(ObjectNames.lease(member: run.member, run: run.run, number: last), of: run)
            return lease?.activity != .prune
        }
    }

    /// Deletes the leases of runs that are over.
    ///
    /// `dead` stays for good: a run that wakes up must find it. Of a run that was interrupted lately `end` stays, since it
    /// says when that was.
    package func removeLeases(without own: RunReference, keepingEndOf interrupted: Set<RunReference>) throws {
        for (run, state) in try LeaseBoard.load(store).runs where run != own && !state.isActive {
            // The end goes last: without it the run would seem to go on.
            for number in state.numbers {
                try removeIfPresent(ObjectNames.lease(member: run.member, run: run.run, number: number))
            }
            if state.hasEnded, !interrupted.contains(run) {
                try removeIfPresent(ObjectNames.leaseEnd(member: run.member, run: run.run))
            }
        }
    }

    /// Deletes plans that are void, and those carried out whose packs nothing mentions any more.
    ///
    /// - Parameters:
    ///   - book: the plans, with the last one carried out, which stays: it repeats the dead runs of the others.
    ///   - mentioned: the packs that lists name.
    package func removePlans(_ book: PlanBook, mentioned: Set<ObjectHash>) throws {
        for name in book.voidPlans { try removeIfPresent(name) }
        var needed: Set<ObjectHash> = []
        var next = Array(mentioned.intersection(book.deleted))
        while let pack = next.popLast() {
            guard needed.insert(pack).inserted else { continue }
            next += (book.replacements[pack] ?? []).filter(book.deleted.contains)
        }
        let last = book.carriedOut.keys.max()
        for (number, entry) in book.carriedOut where number != last {
            guard let plan = entry.plan else {
                try removeIfPresent(ObjectNames.planDone(number))
                continue
            }
            guard !plan.packs.contains(where: { needed.contains($0.name) }) else { continue }
            try removeIfPresent(ObjectNames.plan(number: number, hash: entry.done.plan))
            try removeIfPresent(ObjectNames.planDone(number))
        }
    }

    /// The index fragments that the store lists.
    package func listFragments() throws -> Set<ObjectHash> {
        var names: Set<ObjectHash> = []
        try store.list(prefix: ObjectNames.indexes) { name, _ in
            if case .index(let hash)? = ObjectNames.parse(name.path) { names.insert(hash) }
        }
        return names
    }

    /// The packs that a fragment describes; nil if it cannot be read.
    package func packs(ofFragment fragment: ObjectHash) throws -> [ObjectHash]? {
        do {
            return try readFragment(fragment).map(\.name)
        } catch let error where error.isDamage {
            return nil
        } catch let error as RepositoryError where error.code == .notPermitted {
            return nil
        }
    }
}
