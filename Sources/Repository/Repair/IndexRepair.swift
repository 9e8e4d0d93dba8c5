import Cryptography
import ObjectStorage
package import Records

/// Rebuilds the index from the packs' own directories.
///
/// A fragment stays if it opens and says of each pack what the pack's own directory says. What no such fragment
/// describes is described anew: the packs of this member's own lists in fragments that a new list of its names, so that
/// they count for deduplication again; the packs of others in fragments that no list names, which are for reading alone
/// (format.md §9, §10). Only then false and damaged fragments are removed. Backups may run meanwhile.
package final class IndexRepair {
    /// What was found and done.
    package struct Report: Sendable {
        /// Packs in the store.
        package var packs = 0
        /// Packs whose directory does not open, with the reason; what fragments say of them is kept.
        package var damagedPacks: [(pack: PackReference, reason: String)] = []
        /// Packs whose directory this key may not open.
        package var sealedPacks = 0
        /// Fragments that are right.
        package var rightFragments = 0
        /// Fragments that are false or damaged, with the reason.
        package var wrongFragments: [(name: ObjectHash, reason: String)] = []
        /// Those among them that could not be removed, with the reason.
        package var notRemoved: [(name: ObjectHash, reason: String)] = []
        /// Packs that are described anew.
        package var packsIndexed = 0
        /// Fragments that describe them.
        package var newFragments = 0
    }

    /// Fragments that describe packs of one domain and epoch.
    private struct BatchKey: Hashable {
        var domain: DomainID
        var epoch: UInt32
        /// Whether this member's own lists name the packs.
        var isOwn: Bool
    }

    private let repository: Repository
    private let isDryRun: Bool
    private let progress: (Int, Int) -> Void
    private var report = Report()
    private var batches: [BatchKey: [StoredPack]] = [:]
    private var entryCounts: [BatchKey: Int] = [:]
    private var lists: UInt64 = 0
    private var runID: RunID?

    /// Prepares a rebuild.
    ///
    /// - Parameters:
    ///   - isDryRun: whether nothing is written.
    ///   - progress: told how many packs are done, and of how many.
    package init(repository: Repository, isDryRun: Bool = false, progress: @escaping (Int, Int) -> Void = { _, _ in }) {
        self.repository = repository
        self.isDryRun = isDryRun
        self.progress = progress
    }

    /// Runs it.
    ///
    /// - Throws: `RepositoryError.notPermitted` for a key that may not add to the repository, `.cancelled`, or what keeps
    ///   the store from being read or written; damage does not throw.
    package func run() throws -> Report {
        let role = repository.policy.member(repository.keyring.member)?.role
        guard let role, role != .reader, role != .replica else {
            throw RepositoryError(.notPermitted, "this key may read the repository but not add to it")
        }
        guard !isDryRun else {
            try rebuild {}
            return report
        }
        let domain = try repository.defaultDomain()
        let run = try RunID.random()
        runID = run
        let lease = RunLease(
            repository: repository,
            keys: try repository.keys(domain: domain.id, epoch: domain.epoch),
            run: run,
            options: WriteOptions(),
            kind: .other
        )
        try lease.begin()
        defer { try? lease.end() }
        try rebuild { try lease.renewIfDue() }
        return report
    }

    private func rebuild(renew: () throws -> Void) throws {
        func check() throws {
            if repository.environment.isCancelled() {
                throw RepositoryError(.cancelled, "stopped; the index is as good as it was, run it again for the rest")
            }
            try renew()
        }
        var fragments: [ObjectHash: UInt64] = [:]
        try repository.store.list(prefix: ObjectNames.indexes) { name, byteCount in
            if case .index(let hash)? = ObjectNames.parse(name.path) { fragments[hash] = byteCount }
        }
        // Packs after fragments: whatever a fragment describes was there before it.
        let present = try repository.listPacks()
        report.packs = present.count
        let vouched = try repository.vouchedFragments(existing: fragments)
        let own = try ownPacks()
        var covered: Set<ObjectHash> = []
        var reusable: Set<ObjectHash> = []
        for name in fragments.keys.sorted() {
            try check()
            guard let packs = try verify(name, byteCount: fragments[name] ?? 0, present: present) else { continue }
            covered.formUnion(packs)
            if vouched.contains(name) { reusable.formUnion(packs) }
        }
        var done = 0
        for reference in present.map({ PackReference(name: $0.key, byteCount: $0.value) }).sorted(by: {
            $0.name < $1.name
        }) {
            try check()
            done += 1
            progress(done, present.count)
            let isOwn = own.contains(reference)
            guard isOwn ? !reusable.contains(reference.name) : !covered.contains(reference.name) else { continue }
            try add(reference, isOwn: isOwn)
        }
        for key in batches.keys { try flush(key) }
        guard !isDryRun else { return }
        removeWrongFragments()
        discardTables()
    }

    /// Compares what a fragment says with the packs themselves.
    ///
    /// - Returns: the packs that it describes, or `nil` if it is not right.
    private func verify(
        _ name: ObjectHash,
        byteCount: UInt64,
        present: [ObjectHash: UInt64]
    ) throws -> [ObjectHash]? {
        do {
            guard byteCount <= FormatBounds.indexFragment else {
                throw RepositoryError(.integrity, "it is larger than a fragment can be")
            }
            let packs = try repository.readFragment(name)
            for pack in packs where present[pack.name] != nil {
                guard present[pack.name] == pack.byteCount else {
                    throw RepositoryError(.integrity, "it is wrong about the length of pack \(pack.name)")
                }
                let reference = PackReference(name: pack.name, byteCount: pack.byteCount)
                // What cannot be compared is kept: it may be all that is left to find the pack's chunks by.
                guard let directory = try? repository.readPackDirectory(reference) else { continue }
                guard directory == pack else {
                    throw RepositoryError(.integrity, "it is wrong about what is in pack \(pack.name)")
                }
            }
            report.rightFragments += 1
            return packs.map(\.name)
        } catch let error as StorageError where error.code == .notFound {
            return nil
        } catch let error as RepositoryError where error.code == .notPermitted {
            // Of another epoch or domain, whose members look after it.
            return nil
        } catch let error where error is RepositoryError || error is RecordError || error is CryptographyError {
            report.wrongFragments.append((name, "\(error)"))
            return nil
        }
    }

    /// The packs that this member's own signed lists name: those it has added, or has had reason to refer to.
    private func ownPacks() throws -> Set<PackReference> {
        let member = repository.keyring.member
        guard let key = repository.policies.key(of: member) else { return [] }
        var names: [ObjectName] = []
        try repository.store.list(prefix: ObjectNames.packLists(of: member)) { name, _ in names.append(name) }
        var packs: Set<PackReference> = []
        for name in names {
            do {
                let object = try repository.store.readAll(name, atMost: RecordKind.packList.maximumByteCount)
                let list = try SignedRecord.body(PackList.self, of: object, signedBy: key, repository: repository.id)
                packs.formUnion(list.packs)
            } catch let error as StorageError where error.code == .notFound {
                continue
            } catch let error where error is StorageError || error is RecordError {
                repository.environment.warn("pack list \(name.path) cannot be used: \(error)")
            }
        }
        return packs
    }

    private func add(_ reference: PackReference, isOwn: Bool) throws {
        do {
            let (pack, header) = try repository.readPack(reference)
            let key = BatchKey(domain: header.domain, epoch: header.epoch, isOwn: isOwn)
            batches[key, default: []].append(pack)
            entryCounts[key, default: 0] += pack.entries.count
            report.packsIndexed += 1
            if entryCounts[key, default: 0] >= Repository.entriesInBatch { try flush(key) }
        } catch let error as RepositoryError where error.code == .notPermitted {
            report.sealedPacks += 1
        } catch let error as StorageError where error.code == .notFound {
            return
        } catch let error where error is RepositoryError || error is RecordError || error is CryptographyError {
            report.damagedPacks.append((reference, "\(error)"))
        } catch let error as StorageError
            where error.code == .truncated || error.code == .damaged || error.code == .other
        {
            report.damagedPacks.append((reference, "\(error)"))
        }
    }

    /// Writes a fragment, and the list that names it.
    private func flush(_ key: BatchKey) throws {
        guard let packs = batches.removeValue(forKey: key), !packs.isEmpty else { return }
        entryCounts[key] = nil
        report.newFragments += 1
        guard let run = runID else { return }
        let fragment = try IndexFragment.seal(
            packs,
            keys: try repository.keys(domain: key.domain, epoch: key.epoch),
            repository: repository.id,
            suite: repository.suite
        )
        let name = try unsafe SHA256.hash(fragment.span.bytes)
        try repository.store.put(ObjectName(ObjectNames.index(name)), fragment)
        guard key.isOwn else { return }
        let member = repository.keyring.member
        let list = PackList(
            repository: repository.id,
            signer: member,
            domain: key.domain,
            epoch: key.epoch,
            run: run,
            number: lists,
            kind: .referred,
            packs: packs.map { PackReference(name: $0.name, byteCount: $0.byteCount) }.sorted { $0.name < $1.name },
            fragments: [PackReference(name: name, byteCount: UInt64(fragment.count))]
        )
        try repository.store.put(
            ObjectName(ObjectNames.packList(member: member, run: run, number: lists)),
            try SignedRecord.sign(list, with: repository.keyring.signingKey)
        )
        lists += 1
    }

    private func removeWrongFragments() {
        for (name, _) in report.wrongFragments {
            do {
                try repository.store.remove(ObjectName(ObjectNames.index(name)))
            } catch let error as StorageError where error.code == .notFound {
                continue
            } catch {
                report.notRemoved.append((name, "\(error)"))
            }
        }
    }

    private func discardTables() {
        guard let directory = try? repository.indexDirectory() else { return }
        IndexCache(directory: directory, warn: repository.environment.warn).discard()
    }
}
