import Cryptography
import Records
import Repository

extension Prune {
    /// Fragments of the index that describe nothing that stays, with the packs that they describe.
    ///
    /// By what the lists say of them, and then by themselves: they are read before they go.
    func fragmentsToDelete(
        _ situation: PruneSituation,
        planned: Set<ObjectHash>
    ) throws -> [ObjectHash: [ObjectHash]] {
        // A pack that is merely not there may be about to come, or to be found again.
        func isGone(_ pack: ObjectHash) -> Bool { planned.contains(pack) || situation.book.deleted.contains(pack) }
        let existing = try repository.listFragments()
        let candidates = situation.lists.fragments(gone: isGone).intersection(existing)
            .union(existing.subtracting(situation.lists.namedFragments))
        var found: [ObjectHash: [ObjectHash]] = [:]
        for fragment in candidates {
            guard let packs = try repository.packs(ofFragment: fragment), packs.allSatisfy(isGone) else { continue }
            found[fragment] = packs
        }
        return found
    }

    /// Deletes, in the reverse of the order in which things are written: lists, fragments, packs.
    func delete(
        _ gone: Set<ObjectHash>,
        _ fragments: [ObjectHash: [ObjectHash]],
        _ situation: PruneSituation,
        _ log: CommitLog,
        _ book: PlanBook,
        _ own: RunReference,
        _ run: WriteRun,
        _ summary: inout PruneSummary
    ) throws {
        func isGone(_ pack: ObjectHash) -> Bool { gone.contains(pack) || situation.book.deleted.contains(pack) }
        observer.begins(.deletion)
        let named = ListSurvey.named(situation.log).union(ListSurvey.named(log))
        let unneeded = situation.lists.unneeded(gone: isGone, named: named)
        for list in unneeded {
            if try repository.removeIfPresent(list.object) { summary.listsDeleted += 1 }
        }
        for (fragment, packs) in fragments where packs.allSatisfy(isGone) {
            if try repository.removeIfPresent(ObjectNames.index(fragment)) { summary.fragmentsDeleted += 1 }
        }
        progress.expect(items: gone.count, bytes: 0, arePacks: true)
        for pack in gone.sorted() {
            try run.keepAlive()
            let byteCount = situation.present[pack] ?? situation.doomed[pack] ?? 0
            if try repository.removeIfPresent(ObjectNames.pack(pack)) {
                summary.packsDeleted += 1
                summary.bytesDeleted += byteCount
            }
            progress.add()
        }
        try repository.removeLeases(without: own, keepingEndOf: situation.lists.interrupted)
        try repository.removePlans(book, mentioned: situation.lists.mentioned(without: Set(unneeded)))
    }
}
