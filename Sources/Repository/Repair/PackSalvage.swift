import Chunking
import Cryptography
import ObjectStorage
package import Records

/// Takes the intact chunks of damaged packs into new packs, and the damaged ones out of use.
package enum PackSalvage {
    /// What became of one pack.
    package struct Outcome: Sendable {
        /// The pack.
        package var pack: PackReference
        /// Chunks that were stored anew.
        package var stored = 0
        /// Intact chunks that other packs hold as well.
        package var known = 0
        /// Chunks that do not come out of the pack.
        package var lost: [ChunkID] = []
        /// Whether the pack is whole, and stays.
        package var isWhole = false
        /// Whether the pack was removed.
        package var isRemoved = false
        /// Why the pack stays though it is damaged.
        package var problem: String?

        init(_ pack: PackReference) { self.pack = pack }
    }

    /// Salvages packs one after another.
    ///
    /// A pack is removed only when everything that came out of it is durable in others.
    ///
    /// - Throws: `RepositoryError.notPermitted` for a key that may not read or not add, `.cancelled`, or what keeps the
    ///   store from being read or written; damage does not throw.
    package static func run(
        _ repository: Repository,
        packs: [PackReference],
        isDryRun: Bool,
        report: (Outcome) throws -> Void
    ) throws {
        for pack in packs { try report(salvage(pack, repository, isDryRun)) }
    }

    private static func salvage(_ pack: PackReference, _ repository: Repository, _ isDryRun: Bool) throws -> Outcome {
        var outcome = Outcome(pack)
        let index = try repository.loadIndex()
        let verifier = try PackVerifier(repository: repository, index: index)
        let found = try verifier.verify(pack)
        guard !found.isSealed else {
            throw RepositoryError(.notPermitted, "this key may not read what is in pack \(pack.name)")
        }
        guard found.problems.contains(where: \.isDamage) || !found.damagedChunks.isEmpty else {
            outcome.isWhole = true
            return outcome
        }
        let lost = Set(found.damagedChunks)
        let frames = (try? repository.readPackDirectory(pack))?.frames ?? index.frames(of: pack.name)
        outcome.lost = frames.map(\.entry.id).filter(lost.contains)
        let intact = frames.filter { !lost.contains($0.entry.id) }
        guard !isDryRun else {
            outcome.stored = intact.count
            return outcome
        }
        repository.damagedPacks.note(pack.name)
        if !intact.isEmpty {
            let header = try repository.readPackHeader(pack).header
            guard try store(intact, of: pack, header, repository, &outcome) else { return outcome }
        }
        do {
            try repository.store.remove(ObjectName(ObjectNames.pack(pack.name)))
            outcome.isRemoved = true
            repository.damagedPacks.forget(pack.name)
        } catch let error as StorageError {
            outcome.problem = "it could not be removed: \(error)"
        }
        return outcome
    }

    /// Stores chunks anew that no other pack holds.
    private static func store(
        _ frames: [(offset: UInt64, entry: DirectoryEntry)],
        of pack: PackReference,
        _ header: PackHeader,
        _ repository: Repository,
        _ outcome: inout Outcome
    ) throws -> Bool {
        var options = WriteOptions()
        options.domain = header.domain
        let run = try WriteRun.begin(repository, options: options)
        do {
            guard run.keys.epoch == header.epoch else {
                run.abandon()
                outcome.problem =
                    "its chunks are named by the keys of an earlier epoch: back up again what still exists"
                return false
            }
            var identifier = try ChunkIdentifier(keys: run.keys)
            var encoder = try ChunkEncoder(compression: .standard, verifies: true)
            let reader = try ChunkReader(repository: repository, index: run.index)
            var buffer: [UInt8] = []
            for frame in frames {
                try run.check()
                let location = ChunkLocation(
                    pack: pack.name,
                    packByteCount: pack.byteCount,
                    offset: frame.offset,
                    entry: frame.entry
                )
                let count: Int
                do {
                    count = try reader.load(location, into: &buffer, allowBase: true)
                } catch let error as RepositoryError where error.code == .integrity || error.code == .missing {
                    outcome.lost.append(frame.entry.id)
                    continue
                }
                let plain = buffer
                let stored = try unsafe run.store(
                    plain.span.bytes.extracting(0..<count),
                    type: frame.entry.type,
                    identifier: &identifier,
                    encoder: &encoder
                )
                if stored.storedByteCount > 0 { outcome.stored += 1 } else { outcome.known += 1 }
            }
        } catch {
            run.abandon()
            throw error
        }
        try run.finishWithoutCommit()
        return true
    }
}
