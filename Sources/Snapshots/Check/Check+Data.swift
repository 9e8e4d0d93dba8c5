import Cryptography
import ObjectStorage
import Records
import Repository

extension Check {
    /// Reads the packs that were asked for, and finds the files that damage has hit.
    func checkData(
        _ log: CommitLog,
        _ index: LocalIndex,
        _ structure: StructureCheck.Result,
        _ summary: inout CheckSummary
    ) throws -> DamageReport? {
        let packs = structure.survey.packReferences
        let rotation = ReadRotation(directory: repository.environment.state)
        rotation.keep(only: structure.survey.packs.keys)
        let check = DataCheck(
            packs: ReadSelection.select(from: packs, options.readData, lastRun: rotation.lastRun),
            origins: structure.origins,
            rotation: rotation,
            damagedPacks: repository.damagedPacks,
            problems: problems,
            progress: progress
        )
        let repository = repository
        let progress = progress
        let read = try check.run(workers: options.workers ?? processorCount()) {
            let verifier = try PackVerifier(repository: repository, index: index) { progress.addBytes($0) }
            return { try verifier.verify($0) }
        }
        summary.add(read)
        if options.readData == .all {
            try ParityObjectCheck.run(
                structure.survey,
                store: repository.store,
                problems: problems,
                isCancelled: repository.environment.isCancelled
            )
        }
        do {
            summary.packsAttested = try repository.attest(check.attestable)
        } catch {
            // A place that cannot be written to can be checked all the same.
            problems.warning(.record, "that packs were found right could not be recorded for other members: \(error)")
        }
        if rotation.isPersistent { summary.packsNeverRead = packs.count { rotation.lastRun(of: $0.name) == 0 } }
        let damaged = try withoutGoodCopy(check.damagedChunks, index)
        guard !damaged.isEmpty else { return nil }
        observer.begins(.damage)
        return try attribute(damaged, log, index, structure)
    }

    /// The damaged chunks of which no other pack has a good copy.
    private func withoutGoodCopy(
        _ damaged: [ChunkID: ObjectHash],
        _ index: LocalIndex
    ) throws -> [ChunkID: ObjectHash] {
        let reader = try ChunkReader(repository: repository, index: index)
        var buffer: [UInt8] = []
        return try damaged.filter { id, pack in
            let others = try index.locations(of: id).filter { $0.pack != pack }
            guard let type = others.first?.entry.type else { return true }
            do {
                _ = try reader.load(id, type: type, into: &buffer)
                return false
            } catch let error where error.isDamage {
                return true
            }
        }
    }

    /// Finds the files that damage has hit.
    private func attribute(
        _ damaged: [ChunkID: ObjectHash],
        _ log: CommitLog,
        _ index: LocalIndex,
        _ structure: StructureCheck.Result
    ) throws -> DamageReport {
        let verifier = try ManifestVerifier(
            source: try RepositoryChunkSource(repository: repository, index: index),
            presence: ChunkPresence(index: index, packs: structure.survey.packs, damaged: damaged),
            findsDamageOnly: true,
            isCancelled: repository.environment.isCancelled
        )
        for commit in log.commits.reversed() {
            let root = commit.commit.root
            let claims = PageClaims(id: root.chunk, level: Int(clamping: root.level), digest: nil)
            _ = try verifier.verify(claims, of: commit.id)
        }
        verifier.damage.report(problems)
        return verifier.damage
    }
}
