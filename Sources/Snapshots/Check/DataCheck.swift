import Cryptography
import ObjectStorage
import Records
import Repository
import Threads

/// Reads packs whole on several threads.
final class DataCheck: Sendable {
    /// What one thread does with a pack.
    typealias Verify = (PackReference) throws -> PackVerification

    private struct State {
        var next = 0
        var failure: (any Error)?
        var summary = CheckSummary()
        var damaged: [ChunkID: ObjectHash] = [:]
        var sealedPacks = 0
        var attestable: [AttestablePack] = []
    }

    /// Damaged chunks that are remembered, to tell which files they belong to.
    private static let mostDamagedChunks = 1_000_000

    private let packs: [PackReference]
    private let origins: [ObjectHash: Set<ListedPacks.Origin>]
    private let rotation: ReadRotation
    private let damagedPacks: DamagedPacks?
    private let problems: ProblemLog
    private let progress: CheckProgress
    private let state = Monitor(State())

    /// - Parameters:
    ///   - origins: what lists say of packs.
    ///   - damagedPacks: where damaged packs are remembered, and forgotten when they are whole again.
    init(
        packs: [PackReference],
        origins: [ObjectHash: Set<ListedPacks.Origin>],
        rotation: ReadRotation,
        damagedPacks: DamagedPacks?,
        problems: ProblemLog,
        progress: CheckProgress
    ) {
        self.damagedPacks = damagedPacks
        self.packs = packs
        self.origins = origins
        self.rotation = rotation
        self.problems = problems
        self.progress = progress
    }

    /// Chunks that do not come out of their packs.
    var damagedChunks: [ChunkID: ObjectHash] { state.withLock { $0.damaged } }

    /// Packs that were read whole and found right.
    var attestable: [AttestablePack] { state.withLock { $0.attestable } }

    /// Reads all packs.
    ///
    /// - Parameter makeVerify: makes what a thread needs; called on each of them.
    func run(workers: Int, _ makeVerify: @escaping @Sendable () throws -> Verify) throws -> CheckSummary {
        progress.expect(packs: packs.count, bytes: packs.reduce(0) { $0 + $1.byteCount })
        let threads = (0..<max(1, min(workers, packs.count))).map { number in
            WorkerThread(name: "check-\(number)") { [self] in work(makeVerify) }
        }
        for thread in threads { thread.join() }
        let (failure, summary, sealed) = state.withLock { ($0.failure, $0.summary, $0.sealedPacks) }
        // What was read counts, also if the rest could not be.
        do { try rotation.store() } catch {
            problems.warning(.packDamaged, "which packs were read could not be remembered: \(error)")
        }
        if let failure { throw failure }
        if sealed > 0 {
            problems.warning(
                .packDamaged,
                "\(sealed) packs were only compared with their names: this key may not read what is in them"
            )
        }
        return summary
    }

    private func work(_ makeVerify: () throws -> Verify) {
        do {
            let verify = try makeVerify()
            while let pack = takeNext() {
                let result: PackVerification
                do {
                    result = try verify(pack)
                } catch let error as StorageError where error.code == .notFound {
                    continue
                }
                if try note(result) { try rotation.note(pack.name) }
            }
        } catch {
            state.withLock { if $0.failure == nil { $0.failure = error } }
        }
    }

    private func takeNext() -> PackReference? {
        state.withLock { state in
            guard state.failure == nil, state.next < packs.count else { return nil }
            defer { state.next += 1 }
            return packs[state.next]
        }
    }

    /// Takes a result in.
    ///
    /// - Returns: whether the pack is good.
    private func note(_ result: PackVerification) throws -> Bool {
        state.withLock { state in
            state.summary.packsRead += 1
            state.summary.bytesRead += result.byteCount
            state.summary.chunksRead += result.chunkCount
            state.summary.plainBytesRead += result.plainByteCount
            if result.isSealed { state.sealedPacks += 1 }
            if let pack = result.attestable { state.attestable.append(pack) }
            for chunk in result.damagedChunks where state.damaged.count < Self.mostDamagedChunks {
                state.damaged[chunk] = result.pack.name
            }
        }
        let isDamaged = result.problems.contains(where: \.isDamage) || !result.damagedChunks.isEmpty
        if isDamaged { damagedPacks?.note(result.pack.name) } else { damagedPacks?.forget(result.pack.name) }
        progress.addPack()
        let object = ObjectNames.pack(result.pack.name)
        for problem in result.problems {
            problems.error(
                problem.isDamage ? .packDamaged : .index,
                "pack \(result.pack.name): \(problem.message)",
                object: object
            )
        }
        if let origin = result.origin, !(origins[result.pack.name] ?? []).allSatisfy({ $0.fits(origin) }) {
            problems.error(
                .packList,
                "pack \(result.pack.name) is of another domain, member, run or epoch than a list says that names it",
                object: object
            )
        }
        return result.problems.isEmpty
    }
}
