import Cryptography
package import FileSystem
import ObjectStorage
package import Records

extension Repository {
    /// Loads the index: cached tables, and what the store has beyond them.
    ///
    /// A fragment that cannot be read is passed over with a warning; what it described is found again from the packs
    /// themselves by `indexUncoveredPacks`.
    ///
    /// - Parameter forWriting: whether chunks that attestations vouch for may be referred to.
    package func loadIndex(forWriting: Bool = false) throws -> LocalIndex {
        let cache = IndexCache(directory: try indexDirectory(), warn: environment.warn)
        return try loadIndex(cache: cache, forWriting: forWriting) { name, error in
            environment.warn("index fragment \(name.hex) cannot be used: \(error)")
        }
    }

    /// The same from the store alone, whatever the cache holds.
    ///
    /// - Parameter report: told of each fragment that cannot be read.
    package func loadIndexAnew(report: (ObjectHash, any Error) -> Void) throws -> LocalIndex {
        try loadIndex(cache: try scratchIndex(), report: report)
    }

    private func loadIndex(
        cache: IndexCache,
        forWriting: Bool = false,
        report: (ObjectHash, any Error) -> Void
    ) throws -> LocalIndex {
        var names: [ObjectHash: UInt64] = [:]
        try store.list(prefix: "index/") { name, byteCount in
            if case .index(let hash)? = ObjectNames.parse(name.path) { names[hash] = byteCount }
        }
        let vouched = try vouchedFragments(existing: names)
        var result: [IndexCache.Kind: [IndexTable]] = [:]
        // What cannot be read need not be found.
        let kinds: [IndexCache.Kind] = keyring.privateKeys.isEmpty ? [.reusable] : [.reusable, .other]
        for kind in kinds {
            let wanted = Set(names.keys.filter { vouched.contains($0) == (kind == .reusable) })
            var tables = cache.load(kind, fragments: wanted)
            let covered = Set(tables.flatMap { $0.fragments() })
            try readFragments(wanted.subtracting(covered).sorted(), sizes: names, report) { packs, fragments in
                tables.append(try cache.store(kind, packs: packs, fragments: fragments))
            }
            result[kind] = cache.compact(kind, tables)
        }
        if forWriting { result[.attested] = try loadAttested(cache, besides: result[.reusable] ?? []) }
        return LocalIndex(
            reusable: result[.reusable] ?? [],
            attested: result[.attested] ?? [],
            others: result[.other] ?? [],
            isFromCache: cache.isPersistent
        )
    }

    /// Loads what attestations vouch for: cached tables, and the directories of packs that were attested since.
    private func loadAttested(_ cache: IndexCache, besides own: [IndexTable]) throws -> [IndexTable] {
        let attestations = try attestations().filter {
            keyring.hasKeys(domain: $0.attestation.domain, epoch: $0.attestation.epoch)
        }
        var tables = cache.load(.attested, fragments: Set(attestations.map(\.hash)))
        let covered = Set(tables.flatMap { $0.fragments() })
        let new = attestations.filter { !covered.contains($0.hash) }
        guard !new.isEmpty else { return tables }
        let known = Set(own.lazy.flatMap { table in (0..<table.packCount).map { table.packReference($0).name } })
        for attestation in new {
            let packs = try attestedPacks(attestation.attestation, except: known)
            tables.append(try cache.store(.attested, packs: packs, fragments: [attestation.hash]))
        }
        return cache.compact(.attested, tables)
    }

    /// Opens fragments and hands their packs on in batches that bound memory.
    private func readFragments(
        _ names: [ObjectHash],
        sizes: [ObjectHash: UInt64],
        _ report: (ObjectHash, any Error) -> Void,
        _ body: ([StoredPack], [ObjectHash]) throws -> Void
    ) throws {
        var packs: [StoredPack] = []
        var fragments: [ObjectHash] = []
        var entries = 0
        for name in names {
            do {
                guard sizes[name, default: 0] <= FormatBounds.indexFragment else {
                    throw RepositoryError(.integrity, "it is larger than a fragment can be")
                }
                let found = try readFragment(name)
                entries += found.reduce(0) { $0 + $1.entries.count }
                packs += found
                fragments.append(name)
            } catch let error as StorageError where error.code == .notFound {
                continue  // A prune took it between listing and reading.
            } catch let error as RepositoryError where error.code == .notPermitted {
                continue  // It is of a domain or an epoch that is not this member's.
            } catch {
                report(name, error)
            }
            if entries >= Self.entriesInBatch {
                try body(packs, fragments)
                packs = []
                fragments = []
                entries = 0
            }
        }
        if !fragments.isEmpty { try body(packs, fragments) }
    }

    /// Reads and opens one fragment, checking its name.
    package func readFragment(_ name: ObjectHash) throws -> [StoredPack] {
        let object = try store.readAll(ObjectName(ObjectNames.index(name)), atMost: FormatBounds.indexFragment)
        guard try unsafe SHA256.hash(object.span.bytes) == name else {
            throw RepositoryError(.integrity, "its bytes are not those that its name says")
        }
        return try IndexFragment.open(object, repository: id) { try self.keys(domain: $0, epoch: $1) }
    }

    /// The fragments that this member's own signed pack lists name: only these may be deduplicated against, since a
    /// fragment of somebody else could claim chunks that do not exist.
    func vouchedFragments(existing: [ObjectHash: UInt64]) throws -> Set<ObjectHash> {
        var vouched: Set<ObjectHash> = []
        guard let key = policies.key(of: keyring.member) else { return vouched }
        var names: [ObjectName] = []
        try store.list(prefix: "packlists/\(keyring.member.hex)/") { name, _ in names.append(name) }
        let cache = VouchedCache(directory: try? isOfRootOwner ? repositoryCache() : indexDirectory())
        var known = cache.load()
        var grew = false
        for name in names where known[name.path] == nil {
            do {
                let object = try store.readAll(name, atMost: 64 << 20)
                let list = try SignedRecord.body(PackList.self, of: object, signedBy: key, repository: id)
                known[name.path] = list.fragments.map(\.name)
                grew = true
            } catch let error as StorageError where error.code == .notFound {
                continue
            } catch {
                environment.warn("pack list \(name.path) cannot be used: \(error)")
            }
        }
        let present = Set(names.map(\.path))
        if grew || known.count != present.count {
            known = known.filter { present.contains($0.key) }
            cache.store(known, warn: environment.warn)
        }
        for fragments in known.values { vouched.formUnion(fragments.filter { existing[$0] != nil }) }
        return vouched
    }

    /// Reads the directories of packs that no fragment describes, and adds them to the index for reading.
    ///
    /// - Returns: how many packs were added, and the packs whose directory does not open, with the reason.
    package func indexUncoveredPacks(_ index: LocalIndex) throws -> UncoveredPacks {
        let covered = Set(index.packs().map(\.name))
        var uncovered: [PackReference] = []
        try store.list(prefix: "packs/") { name, byteCount in
            if case .pack(let hash)? = ObjectNames.parse(name.path), !covered.contains(hash) {
                uncovered.append(PackReference(name: hash, byteCount: byteCount))
            }
        }
        let cache = try scratchIndex()
        var packs: [StoredPack] = []
        var added = 0
        var entries = 0
        var damaged: [(pack: PackReference, error: any Error)] = []
        for (number, reference) in uncovered.enumerated() {
            do {
                let pack = try readPackDirectory(reference)
                packs.append(pack)
                entries += pack.entries.count
            } catch let error as RepositoryError where error.code == .notPermitted {
                // Of a domain or an epoch that is not this member's: neither found nor damaged.
            } catch {
                damaged.append((reference, error))
            }
            guard !packs.isEmpty, entries >= Self.entriesInBatch || number == uncovered.count - 1 else { continue }
            index.addForReading(try cache.store(.other, packs: packs, fragments: []))
            added += packs.count
            packs = []
            entries = 0
        }
        return UncoveredPacks(added: added, damaged: damaged)
    }

    /// Tables that are gone when the process ends.
    private func scratchIndex() throws -> IndexCache {
        IndexCache(directory: try indexDirectory(), isScratch: true, warn: environment.warn)
    }

    /// Entries of the index that are held in memory before they go into a table.
    static let entriesInBatch = 200_000

    /// Names and lengths of all packs that the store lists.
    package func listPacks() throws -> [ObjectHash: UInt64] {
        var present: [ObjectHash: UInt64] = [:]
        try store.list(prefix: "packs/") { name, byteCount in
            if case .pack(let hash)? = ObjectNames.parse(name.path) { present[hash] = byteCount }
        }
        return present
    }

    /// This repository's directory below the cache; `nil` without a cache.
    package func repositoryCache() throws -> Directory? {
        guard let cache = environment.cache else { return nil }
        do {
            return try cache.openOrMakeDirectory(Array(id.hex.utf8)).directory
        } catch {
            environment.warn("the cache cannot be used: \(error)")
            return nil
        }
    }

    private var isOfRootOwner: Bool {
        get throws { try keyring.member == MemberID(of: keyring.rootOwner) }
    }

    func indexDirectory() throws -> Directory? {
        guard let directory = try repositoryCache() else { return nil }
        do {
            // Members of one host vouch for different fragments: each has tables of its own.
            let name = try isOfRootOwner ? "index" : "index-\(keyring.member.hex.prefix(8))"
            return try directory.openOrMakeDirectory(Array(name.utf8)).directory
        } catch {
            environment.warn("the index cache cannot be used: \(error)")
            return nil
        }
    }
}
