import Cryptography
package import ObjectStorage
package import Records

/// A commit that was verified: name, signature, repository and place in its chain.
package struct VerifiedCommit: Sendable, Hashable {
    /// The snapshot id: the SHA-256 of the commit object.
    package var id: ObjectHash
    /// The commit.
    package var commit: Commit
}

/// Something wrong with the commits that a store shows.
package struct HistoryProblem: Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, with member and numbers, and what to do.
    package var message: String
    /// Whether it shows that somebody tampered with the history, rather than that one object is damaged.
    package var isTampering: Bool

    /// Puts both together.
    package init(message: String, isTampering: Bool) {
        self.message = message
        self.isTampering = isTampering
    }

    package var description: String { message }
}

/// All commits of a repository, verified, and what is wrong with them.
package struct CommitLog: Sendable {
    /// The commits in order of their claimed time.
    package private(set) var commits: [VerifiedCommit] = []
    /// What is wrong.
    package private(set) var problems: [HistoryProblem] = []
    /// The highest verified commit of each chain.
    package private(set) var heads: [ChainID: CommitHead] = [:]
    /// The names that the store lists, by chain, verified or not.
    private var listed: [ChainID: [(number: UInt64, id: ObjectHash)]] = [:]

    /// Reads and verifies all commits.
    ///
    /// A commit that is damaged or forged is left out and reported; it never blocks the others.
    package static func load(_ repository: Repository) throws -> CommitLog {
        var log = try load(from: repository.store, id: repository.id, policies: repository.policies)
        if let stateFile = repository.stateFile { log.compareAndRemember(stateFile, repository) }
        return log
    }

    /// The same without keys, and without what this host remembers.
    package static func load(
        from store: any ObjectStore,
        id repository: RepositoryID,
        policies: PolicyChain
    ) throws -> CommitLog {
        var log = CommitLog()
        var names: [Listed] = []
        try store.list(prefix: ObjectNames.commits) { name, _ in
            guard case .commit(let member, let incarnation, let number, let hash)? = ObjectNames.parse(name.path) else {
                return
            }
            let chain = ChainID(member: member, incarnation: incarnation)
            names.append(Listed(name: name, chain: chain, number: number, id: hash))
        }
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
                log.problems.append(
                    HistoryProblem(
                        message: "commit \(entry.id.hex.prefix(8)) (member \(entry.chain.member.hex.prefix(8)), "
                            + "number \(entry.number)) is damaged or forged and is ignored: \(error)",
                        isTampering: true
                    )
                )
            }
        }
        log.commits.sort { ($0.commit.time, $0.id) < ($1.commit.time, $1.id) }
        log.findHeads()
        log.checkChains()
        log.checkLinks()
        return log
    }

    /// The commit with the newest data among some; one that replaces another (new tags) is as old as that one.
    package func newestData(where isWanted: (VerifiedCommit) -> Bool) -> VerifiedCommit? {
        let byID = Dictionary(commits.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        func dataTime(_ commit: VerifiedCommit) -> Int64 {
            var origin = commit
            // A commit names the hash of the one it replaces, so there is no circle.
            while let replaced = origin.commit.replaced, let older = byID[replaced] { origin = older }
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
        try policies.requireRight(of: commit, id: entry.id)
        return VerifiedCommit(id: entry.id, commit: commit)
    }

    private mutating func findHeads() {
        for commit in commits {
            let chain = ChainID(member: commit.commit.signer, incarnation: commit.commit.incarnation)
            if let known = heads[chain], (known.number, known.hash) >= (commit.commit.number, commit.id) { continue }
            heads[chain] = CommitHead(
                member: chain.member,
                incarnation: chain.incarnation,
                number: commit.commit.number,
                hash: commit.id
            )
        }
    }

    /// Finds gaps and forks in each chain.
    private mutating func checkChains() {
        for (chain, entries) in listed {
            let sorted = entries.sorted { $0.number < $1.number }
            var expected: UInt64 = 1
            for (index, entry) in sorted.enumerated() {
                if index > 0, sorted[index - 1].number == entry.number {
                    problems.append(
                        HistoryProblem(
                            message: "member \(chain.member.hex.prefix(8)) has two commits with number \(entry.number) "
                                + "(\(sorted[index - 1].id.hex.prefix(8)) and \(entry.id.hex.prefix(8))): its host was "
                                + "cloned or its key stolen; both are kept, compare them",
                            isTampering: true
                        )
                    )
                    continue
                }
                if entry.number > expected {
                    problems.append(
                        HistoryProblem(
                            message: "commits \(expected) to \(entry.number - 1) of member "
                                + "\(chain.member.hex.prefix(8)) are missing and no record says that they were "
                                + "forgotten: somebody has deleted or withholds them; look for them in another copy",
                            isTampering: true
                        )
                    )
                }
                expected = entry.number + 1
            }
        }
    }

    /// Checks that each commit names the one before it.
    private mutating func checkLinks() {
        var byPlace: [ChainID: [UInt64: [ObjectHash]]] = [:]
        for commit in commits {
            let chain = ChainID(member: commit.commit.signer, incarnation: commit.commit.incarnation)
            byPlace[chain, default: [:]][commit.commit.number, default: []].append(commit.id)
        }
        for commit in commits where commit.commit.number > 1 {
            let chain = ChainID(member: commit.commit.signer, incarnation: commit.commit.incarnation)
            guard let before = byPlace[chain]?[commit.commit.number - 1] else { continue }
            if let previous = commit.commit.previous, before.contains(previous) { continue }
            problems.append(
                HistoryProblem(
                    message: "commit \(commit.id.hex.prefix(8)) (member \(chain.member.hex.prefix(8)), number "
                        + "\(commit.commit.number)) does not follow the commit before it: one of the two was replaced",
                    isTampering: true
                )
            )
        }
    }

    /// Compares with the heads that this host remembers, then remembers the higher ones.
    private mutating func compareAndRemember(_ file: LocalStateFile, _ repository: Repository) {
        let known = file.load()
        var doubtful: Set<ChainID> = []
        for (chain, head) in known.heads {
            let shown = heads[chain]
            // Under its name it is there; whether it is whole is told already.
            if listed[chain]?.contains(where: { $0.id == head.hash && $0.number == head.number }) ?? false { continue }
            doubtful.insert(chain)
            if listed[chain]?.contains(where: { $0.number == head.number }) ?? false {
                problems.append(
                    HistoryProblem(
                        message: "commit \(head.number) of member \(chain.member.hex.prefix(8)) is not the one that "
                            + "this host has seen (\(head.hash.hex.prefix(8))): the history was rewritten or forked; "
                            + "compare it with another copy",
                        isTampering: true
                    )
                )
                continue
            }
            // A gap below a higher commit is told already.
            if let shown, shown.number > head.number { continue }
            problems.append(
                HistoryProblem(
                    message: "this host has seen commit \(head.number) (\(head.hash.hex.prefix(8))) of member "
                        + "\(chain.member.hex.prefix(8)), but the store shows "
                        + (shown.map { "only \($0.number)" } ?? "none")
                        + ": the repository was rolled back, or commits are withheld; look for them in another copy",
                    isTampering: true
                )
            )
        }
        // The alarm must not go silent by itself: of a chain that contradicts what is remembered nothing new is.
        let heads = self.heads.filter { !doubtful.contains($0.key) }
        if heads.contains(where: { known.heads[$0.key].map { $0.number } ?? 0 < $0.value.number }) {
            repository.remember { state in for head in heads.values { state.note(head) } }
        }
    }
}
