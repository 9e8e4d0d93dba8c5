import Cryptography
import ObjectStorage
package import Records

/// The commits that records say were forgotten (format.md §14): none of them counts, whatever a store still shows, and
/// the gaps that they leave are no deletions.
package struct ForgottenLog: Sendable {
    /// What the records name, by hash.
    package private(set) var commits: [ObjectHash: ForgottenCommit] = [:]
    /// When they were forgotten, by the clock of who did it.
    package private(set) var times: [ObjectHash: Int64] = [:]
    /// The number after the last record.
    package private(set) var nextNumber: UInt64 = 0
    /// What is wrong with the records.
    private(set) var problems: [HistoryProblem] = []
    private var places: [ChainID: [UInt64: [ForgottenCommit]]] = [:]

    /// Nothing forgotten.
    init() {}

    /// Reads and verifies all records.
    static func load(
        from store: any ObjectStore,
        id repository: RepositoryID,
        policies: PolicyChain
    ) throws -> ForgottenLog {
        let records = try NumberedRecords<Forgotten>.load(
            from: store,
            prefix: ObjectNames.forgottenCommits,
            repository: repository,
            policies: policies,
            number: { if case .forgotten(let number) = $0 { number } else { nil } },
            objection: { record, number in
                guard record.number == number else { return "it stands under the name of another record" }
                return policies.mayForget(record.signer, record: number)
                    ? nil : "member \(record.signer) that signed it had no right to forget snapshots"
            }
        )
        var log = ForgottenLog()
        log.problems = records.flaws.map {
            HistoryProblem(.forgottenRecord, "record of forgotten commits: \($0.message)")
        }
        log.nextNumber = records.next
        for record in records.records {
            for commit in record.body.commits { log.add(commit, at: record.body.time) }
        }
        return log
    }

    private mutating func add(_ commit: ForgottenCommit, at time: Int64) {
        guard commits.updateValue(commit, forKey: commit.hash) == nil else { return }
        times[commit.hash] = time
        let chain = ChainID(member: commit.member, incarnation: commit.incarnation)
        places[chain, default: [:]][commit.number, default: []].append(commit)
    }

    /// The forgotten commits of a chain, by number.
    func commits(of chain: ChainID) -> [UInt64: [ForgottenCommit]] { places[chain] ?? [:] }

    /// All chains of which something was forgotten.
    var chains: some Sequence<ChainID> { places.keys }

    /// Takes a commit back, because it is on hold.
    mutating func takeBack(_ id: ObjectHash) -> ForgottenCommit? {
        guard let commit = commits.removeValue(forKey: id) else { return nil }
        let chain = ChainID(member: commit.member, incarnation: commit.incarnation)
        let rest = places[chain]?[commit.number]?.filter { $0.hash != id } ?? []
        places[chain]?[commit.number] = rest.isEmpty ? nil : rest
        return commit
    }

    /// Whether a commit is named.
    package func contains(_ commit: ObjectHash) -> Bool { commits[commit] != nil }

    /// Notes a problem.
    mutating func note(_ problem: HistoryProblem) { problems.append(problem) }
}

extension PolicyChain {
    /// Whether a member's record of forgotten commits counts: the member is an owner or manager of some policy, and if
    /// the policy in force revokes it, the record is one of those that were there before (format.md §4).
    func mayForget(_ member: MemberID, record number: UInt64) -> Bool {
        guard hasMaintained(member) else { return false }
        guard let revocation = current.revocation(of: member) else { return true }
        return number < revocation.forgottenRecords
    }

    /// Whether some policy has a member as owner or manager.
    func hasMaintained(_ member: MemberID) -> Bool {
        policies.contains { $0.member(member).map { $0.role == .owner || $0.role == .manager } ?? false }
    }

    /// Whether the policy in force lets a member forget and prune.
    package func maintainsNow(_ member: MemberID) -> Bool {
        guard let role = current.member(member)?.role, current.revocation(of: member) == nil else { return false }
        return role == .owner || role == .manager
    }
}
