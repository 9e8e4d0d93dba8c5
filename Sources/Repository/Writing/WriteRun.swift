import Chunking
import Cryptography
import FileSystem
import ObjectStorage
package import Records
import Threads

/// How a run writes.
package struct WriteOptions: Sendable {
    /// Whether every frame is read back from its sealed bytes before it is stored.
    package var verifies = true
    /// When packs are full.
    package var sizing = PackSizing.standard
    /// Length of the lease, seconds.
    package var leaseSeconds: UInt64 = 30 * 60
    /// The domain that is written into; the member's default if absent.
    package var domain: DomainID?
    /// The epoch of the domain that is written into; the present one if absent.
    ///
    /// Only copies of chunks of an older epoch belong into that one.
    var epoch: UInt32?
    /// How long a run may last, seconds: a prune waits for every run.
    package var longestSeconds: UInt64 = 7 * 24 * 60 * 60

    /// The defaults.
    package init() {}
}

/// One run that adds to a repository: from its lease to its commit.
///
/// Threads call `store`; one thread calls `commit` or `abandon` at the end. Nothing that is stored is reachable before
/// the commit, and everything that became durable is reused by the next run.
package final class WriteRun: Sendable {
    /// The repository.
    package let repository: Repository
    /// The run's random id.
    package let run: RunID
    /// The domain's keys.
    package let keys: DomainKeys
    /// The index, with what this run adds.
    package let index: LocalIndex
    /// How the run writes.
    package let options: WriteOptions
    let dataKey: ContentKey
    let metadataKey: ContentKey
    private let domain: PolicyDomain
    private let builders = Monitor<[PackType: [PackBuilder]]>([:])
    private let builderCount = Monitor(0)
    private let failure = RunFailure()
    private let committer: PackCommitter
    private let packNames = Monitor<[Int: ObjectHash]>([:])
    let lease: RunLease

    /// Begins a run: writes its lease, then loads the index and compares it with a full listing of packs and the
    /// prune plans.
    ///
    /// The order matters: a prune that lists leases after its plan is durable either sees this run, and waits for it, or
    /// has a plan that this run sees.
    package static func begin(
        _ repository: Repository,
        options: WriteOptions = WriteOptions(),
        activity: LeaseActivity = .backup
    ) throws -> WriteRun {
        // What killed runs left behind; a failure to tidy up is no reason not to back up.
        _ = try? repository.store.removeStaleTemporaries()
        let run = try WriteRun(repository, options: options, activity: activity)
        try run.lease.begin()
        do {
            let plans = try PlanBook.load(repository)
            var present = try repository.listPacks()
            // What is in a damaged pack may be gone: who still has it stores it again.
            for name in repository.damagedPacks.names { present[name] = nil }
            // Where a plan cannot be read, any pack might be on it.
            let missing = run.index.noteMissing(present: plans.hidesPlans ? [:] : present) {
                plans.planned.contains($0)
            }
            let lost = missing.count { present[$0.name] != $0.byteCount && !plans.deleted.contains($0.name) }
            if lost > 0 {
                repository.environment.warn(
                    "\(lost) packs are missing or damaged; what they held is stored again if it still exists"
                )
            }
        } catch {
            try? run.lease.end()
            throw error
        }
        run.committer.start()
        return run
    }

    private init(_ repository: Repository, options: WriteOptions, activity: LeaseActivity) throws {
        self.repository = repository
        self.options = options
        let run = try RunID.random()
        self.run = run
        domain = try repository.writableDomain(options.domain)
        let keys = try repository.keys(domain: domain.id, epoch: options.epoch ?? domain.epoch)
        self.keys = keys
        func contentKey(_ purpose: ContentPurpose, _ recipients: [AgreementPublicKey]) throws -> ContentKey {
            try ContentKey(
                context: ContentKeyContext(
                    repository: repository.id,
                    domain: keys.domain,
                    epoch: keys.epoch,
                    member: repository.keyring.member,
                    run: run,
                    purpose: purpose
                ),
                recipients: recipients,
                suite: repository.suite
            )
        }
        dataKey = try contentKey(.data, domain.readers)
        metadataKey = try contentKey(.metadata, domain.readers + repository.policy.managers)
        let index = try repository.loadIndex(forWriting: true)
        self.index = index
        let lease = RunLease(
            repository: repository,
            keys: keys,
            run: run,
            options: options,
            kind: activity
        )
        self.lease = lease
        let cache = IndexCache(directory: try repository.indexDirectory(), warn: repository.environment.warn)
        committer = PackCommitter(failure: failure, idle: { try lease.renewIfDue() }) { packs, number in
            let fragment = try IndexFragment.seal(packs, keys: keys, repository: repository.id, suite: repository.suite)
            let name = try unsafe SHA256.hash(fragment.span.bytes)
            try repository.store.put(ObjectName(ObjectNames.index(name)), fragment)
            let list = PackList(
                repository: repository.id,
                signer: repository.keyring.member,
                domain: keys.domain,
                epoch: keys.epoch,
                run: run,
                number: number,
                kind: .added,
                packs: packs.map { PackReference(name: $0.name, byteCount: $0.byteCount) }.sorted { $0.name < $1.name },
                fragments: [PackReference(name: name, byteCount: UInt64(fragment.count))]
            )
            let object = try SignedRecord.sign(list, with: repository.keyring.signingKey)
            let listName = ObjectNames.packList(member: repository.keyring.member, run: run, number: number)
            try repository.store.put(ObjectName(listName), object)
            index.add(try cache.store(.reusable, packs: packs, fragments: [name]))
            index.mergeRunTables { cache.compact(.reusable, $0) }
            return try unsafe SHA256.hash(object.span.bytes)
        }
    }

    /// Throws if any thread of the run has failed or the user has stopped it.
    package func check() throws {
        try failure.check()
        if repository.environment.isCancelled() {
            throw RepositoryError(.cancelled, "stopped; what is stored so far is used by the next run")
        }
    }

    /// Makes the run fail, from any thread.
    package func fail(_ error: any Error) { failure.note(error) }

    /// Stores a chunk unless the repository has it.
    ///
    /// - Returns: the chunk's id, and how many bytes were stored for it (0 if it was there).
    package func store(
        _ plaintext: RawSpan,
        type: ChunkType,
        identifier: inout ChunkIdentifier,
        encoder: inout ChunkEncoder
    ) throws -> (id: ChunkID, storedByteCount: Int) {
        let id = try identifier.identify(plaintext, type: type)
        guard index.reserve(id) == .reserved else { return (id, 0) }
        do {
            try failure.check()
            return (id, try append(plaintext, id: id, type: type, encoder: &encoder).byteCount)
        } catch {
            failure.note(error)
            throw error
        }
    }

    /// Stores a chunk though the repository has it: the old copy is about to go.
    ///
    /// - Returns: the number of the pack within the run; `finishCopies` says its name.
    package func storeCopy(_ plaintext: RawSpan, id: ChunkID, type: ChunkType, encoder: inout ChunkEncoder) throws
        -> Int
    {
        try failure.check()
        return try append(plaintext, id: id, type: type, encoder: &encoder).pack
    }

    /// Makes everything durable that was stored.
    ///
    /// - Returns: the names of the packs by their numbers.
    package func finishCopies() throws -> [Int: ObjectHash] {
        _ = try finishPacks()
        return packNames.withLock { $0 }
    }

    private func append(_ plaintext: RawSpan, id: ChunkID, type: ChunkType, encoder: inout ChunkEncoder) throws
        -> (pack: Int, byteCount: Int)
    {
        let builder = try takeBuilder(type.packType)
        let entry = try builder.append(id, type: type, plaintext: plaintext, encoder: &encoder)
        if options.sizing.shouldClose(builder.length) {
            try close(builder)
        } else {
            builders.withLock { $0[type.packType, default: []].append(builder) }
        }
        return (builder.number, entry.frameLength)
    }

    private func close(_ builder: PackBuilder) throws {
        let closed = try builder.close()
        packNames.withLock { $0[builder.number] = closed.pack.name }
        try committer.submit(closed)
    }

    private func takeBuilder(_ type: PackType) throws -> PackBuilder {
        if let builder = builders.withLock({ $0[type]?.popLast() }) { return builder }
        let number = builderCount.withLock { count in
            count += 1
            return count
        }
        let content = type == .data ? dataKey : metadataKey
        let header = PackHeader(
            repository: repository.id,
            suite: repository.suite,
            domain: keys.domain,
            epoch: keys.epoch,
            member: repository.keyring.member,
            run: run,
            type: UInt64(type.rawValue),
            salt: try Random.bytes(32),
            keyBox: content.box
        )
        return try PackBuilder(
            number: number,
            header: header,
            keys: keys,
            contentKey: content.key,
            writer: try repository.store.makeWriter()
        )
    }

    /// Closes all packs and waits until everything is durable.
    ///
    /// - Returns: the lists of what the run has added.
    package func finishPacks() throws -> [(number: UInt64, hash: ObjectHash)] {
        let open = builders.withLock { builders in
            defer { builders = [:] }
            return builders.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap(\.value)
        }
        for builder in open { try close(builder) }
        return try committer.finish()
    }

    /// Packs and bytes that the run has made durable so far.
    package var storedTotals: (packs: Int, bytes: UInt64) { committer.totals }

    /// Ends the run without a commit, and makes sure that what it has stored is found by later runs.
    func finishWithoutCommit() throws {
        do {
            _ = try finishPacks()
        } catch {
            abandon()
            throw error
        }
        try? lease.end()
    }

    /// Ends the run without a commit.
    ///
    /// What is stored so far is kept for the next run, unless storing failed.
    package func abandon() {
        do {
            try failure.check()
            _ = try finishPacks()
        } catch {
            let open = builders.withLock { builders in
                defer { builders = [:] }
                return builders.flatMap(\.value)
            }
            for builder in open { builder.abandon() }
            committer.abandon()
        }
        // The lease runs out by itself if its end cannot be written.
        try? lease.end()
    }

    /// Ends a run that commits nothing and has succeeded.
    package func finish() {
        committer.abandon()
        try? lease.end()
    }

    /// Renews the lease if that is due; work that stores nothing calls it now and then.
    package func keepAlive() throws {
        try lease.renewIfDue()
        try check()
    }
}
