import Cryptography
import ObjectStorage
import Records
import Threads

extension Repository {
    /// Packs that one process reads whole because a chunk did not come out of them.
    private static let mostSuspects = 64

    /// A chunk did not come out of a pack: if the pack's bytes are not those that its name says, it is remembered as
    /// damaged, so that a later backup stores anew what it held.
    ///
    /// If the bytes are right, the index was wrong about them, or the pack's writer; a check tells that.
    func suspect(_ pack: PackReference, _ error: any Error) {
        if let error = error as? RepositoryError, error.code == .notPermitted || error.code == .cancelled { return }
        let isNew = suspects.withLock { suspects in
            suspects.count < Self.mostSuspects && suspects.insert(pack.name).inserted
        }
        guard isNew, pack.byteCount <= FormatBounds.pack, !environment.isCancelled() else { return }
        let hasher = PackHasher(store: store, isCancelled: environment.isCancelled) { _ in }
        // A pack that is missing needs no note: the next run sees that by itself.
        guard let result = try? hasher.verify(pack), result.problems.contains(where: \.isDamage),
            (try? store.exists(ObjectName(ObjectNames.pack(pack.name)))) == true
        else { return }
        damagedPacks.note(pack.name)
    }
}
