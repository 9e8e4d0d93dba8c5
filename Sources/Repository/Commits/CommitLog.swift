import Cryptography
package import ObjectStorage
package import Records

/// A commit that was verified: name, signature, repository and place in its chain.
package struct VerifiedCommit: Sendable, Hashable {
    /// The snapshot id: the SHA-256 of the commit object.
    package var id: ObjectHash
    /// The commit.
    package var commit: Commit
    /// The commit that this one takes the place of in listings; only owners and managers may replace one.
    package var replaces: ObjectHash?

    /// The chain that it belongs to.
    package var chain: ChainID { ChainID(member: commit.signer, incarnation: commit.incarnation) }
}

/// All commits of a repository, verified, and what is wrong with them.
package struct CommitLog: Sendable {
    /// The commits that count, in order of their claimed time.
    package internal(set) var commits: [VerifiedCommit] = []
    /// Commits of runs that a prune gave up before they were made: they are part of their chains and count for nothing.
    package internal(set) var voidCommits: [VerifiedCommit] = []
    /// What is wrong.
    package internal(set) var problems: [HistoryProblem] = []
    /// The highest commit of each chain, verified or forgotten.
    package private(set) var heads: [ChainID: CommitHead] = [:]
    /// The commits that were forgotten.
    package private(set) var forgotten = ForgottenLog()
    /// What is on hold.
    package private(set) var holds = HoldLog()
    /// Objects of forgotten commits that the store still shows: an interrupted deletion, or a store that keeps them.
    package private(set) var leftovers: [ObjectName] = []
    /// The names that the store lists, by chain, verified or not.
    var listed: [ChainID: [(number: UInt64, id: ObjectHash)]] = [:]
    /// The policies that the commits were judged by.
    let policies: PolicyChain

    private init(policies: PolicyChain) { self.policies = policies }

    /// Reads and verifies all commits.
    ///
    /// A commit that is damaged or forged is left out and reported; it never blocks the others.
    package static func load(_ repository: Repository) throws -> CommitLog {
        var log = try load(
            from: repository.store,
            id: repository.id,
            policies: repository.policies,
            now: repository.environment.now()
        )
        if let stateFile = repository.stateFile { log.compareAndRemember(stateFile, repository) }
        log.nameHosts(repository)
        return log
    }

    /// The same without keys, and without what this host remembers.
    ///
    /// - Parameter now: the present time, ns, by which silence is judged; without one it is not.
    package static func load(
        from store: any ObjectStore,
        id repository: RepositoryID,
        policies: PolicyChain,
        now: Int64? = nil
    ) throws -> CommitLog {
        var log = CommitLog(policies: policies)
        var names: [Listed] = []
        try store.list(prefix: ObjectNames.commits) { name, _ in
            guard case .commit(let member, let incarnation, let number, let hash)? = ObjectNames.parse(name.path) else {
                return
            }
            let chain = ChainID(member: member, incarnation: incarnation)
            names.append(Listed(name: name, chain: chain, number: number, id: hash))
        }
        var rejected: [ObjectHash: HistoryProblem] = [:]
        for entry in names {
            // Even a commit that cannot be read takes its place in the chain: what is missing is told apart from what
            // is damaged.
            log.listed[entry.chain, default: []].append((entry.number, entry.id))
            do {
                let object = try store.readAll(entry.name, atMost: RecordKind.commit.maximumByteCount)
                log.commits.append(try verify(object, entry, repository: repository, policies: policies))
            } catch let error as StorageError where error.code == .notFound {
                log.listed[entry.chain]?.removeLast()
            } catch let error as StorageError where !error.isDamage {
                throw error
            } catch {
                rejected[entry.id] = HistoryProblem(
                    .rejectedCommit,
                    "commit \(entry.id.hex.prefix(8)) (",
                    entry.chain,
                    ", number \(entry.number)) is damaged or forged and is ignored: \(error)",
                    in: policies
                )
            }
        }
        // After the commits: a record is durable before its commits are deleted, so none of them is missed here.
        log.forgotten = try ForgottenLog.load(from: store, id: repository, policies: policies)
        log.holds = try HoldLog.load(from: store, id: repository, policies: policies)
        log.problems = log.forgotten.problems + log.holds.problems
        log.keepHeld(now: now)
        log.dropForgotten(names)
        log.problems += names.compactMap { log.forgotten.contains($0.id) ? nil : rejected[$0.id] }
        log.commits.sort { ($0.commit.time, $0.id) < ($1.commit.time, $1.id) }
        log.findHeads()
        log.checkReplacements()
        log.checkChains()
        log.checkLinks()
        try log.checkSeenHeads(store)
        // After the commits: a record that voids one is durable before anything that it needs is deleted.
        try log.dropVoid(deadRuns: PlanBook.deadRuns(from: store, id: repository, policies: policies))
        if let now { log.checkSilence(now: now) }
        return log
    }

    /// The commit with the newest data among some; one that replaces another (new tags) is as old as that one.
    package func newestData(where isWanted: (VerifiedCommit) -> Bool) -> VerifiedCommit? {
        let byID = Dictionary(commits.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        func dataTime(_ commit: VerifiedCommit) -> Int64 {
            var origin = commit
            // A commit names the hash of the one it replaces, so there is no circle.
            while let replaced = origin.replaces, let older = byID[replaced] { origin = older }
            return origin.commit.time
        }
        return commits.filter(isWanted).map { (time: dataTime($0), commit: $0) }.max {
            ($0.time, $0.commit.commit.time, $0.commit.id) < ($1.time, $1.commit.commit.time, $1.commit.id)
        }?.commit
    }

    /// What the name of a commit says.
    private struct Listed {
        var name: ObjectName
        var chain: ChainID
        var number: UInt64
        var id: ObjectHash
    }

    private static func verify(
        _ object: [UInt8],
        _ entry: Listed,
        repository: RepositoryID,
        policies: PolicyChain
    ) throws -> VerifiedCommit {
        guard try unsafe SHA256.hash(object.span.bytes) == entry.id else {
            throw RepositoryError(.integrity, "its bytes are not those that its name says")
        }
        guard let key = policies.key(of: entry.chain.member) else {
            throw RepositoryError(.integrity, "its member is in no policy")
        }
        let commit = try SignedRecord.body(Commit.self, of: object, signedBy: key, repository: repository)
        guard commit.signer == entry.chain.member, commit.incarnation == entry.chain.incarnation,
            commit.number == entry.number
        else { throw RepositoryError(.integrity, "it stands under the name of another commit") }
        let role = try policies.requireRight(of: commit, id: entry.id).role
        let mayReplace = role == .owner || role == .manager
        return VerifiedCommit(id: entry.id, commit: commit, replaces: mayReplace ? commit.replaced : nil)
    }

    /// What is on hold was not forgotten, whatever a record says.
    private mutating func keepHeld(now: Int64?) {
        for id in holds.entries.keys.sorted() where forgotten.contains(id) && !holds.holds(of: id, now: now).isEmpty {
            let isThere = listed.values.contains { $0.contains { $0.id == id } }
            let commit = isThere ? forgotten.takeBack(id) : forgotten.commits[id]
            guard let commit else { continue }
            problems.append(
                HistoryProblem(
                    .hold,
                    "commit \(id.hex.prefix(8)) (",
                    ChainID(member: commit.member, incarnation: commit.incarnation),
                    ", number \(commit.number)) is on hold, and a record says that it was forgotten: "
                        + (isThere ? "it still counts" : "it is gone; look for it in another copy"),
                    in: policies
                )
            )
        }
    }

    /// Leaves out what was forgotten.
    private mutating func dropForgotten(_ names: [Listed]) {
        commits.removeAll { forgotten.contains($0.id) }
        leftovers = names.filter { forgotten.contains($0.id) }.map(\.name)
    }

    /// Adds a commit that is known to be right.
    mutating func append(_ commit: VerifiedCommit) {
        commits.append(commit)
        heads[commit.chain] = commit.head
        listed[commit.chain, default: []].append((commit.commit.number, commit.id))
    }

    private mutating func findHeads() {
        func note(_ head: CommitHead) {
            let chain = ChainID(member: head.member, incarnation: head.incarnation)
            if let known = heads[chain], (known.number, known.hash) >= (head.number, head.hash) { return }
            heads[chain] = head
        }
        for commit in commits { note(commit.head) }
        for commit in forgotten.commits.values { note(commit.head) }
    }
}

extension VerifiedCommit {
    /// The commit as the head of its chain.
    package var head: CommitHead {
        CommitHead(member: commit.signer, incarnation: commit.incarnation, number: commit.number, hash: id)
    }
}

extension ForgottenCommit {
    /// The commit as the head of its chain.
    var head: CommitHead { CommitHead(member: member, incarnation: incarnation, number: number, hash: hash) }
}
