import Cryptography
import ObjectStorage
package import Records

/// Which commits are on hold, by the records of it (format.md §14).
package struct HoldLog: Sendable {
    /// One hold of a commit.
    package struct Entry: Sendable, Hashable {
        /// The number of the record.
        package var number: UInt64
        /// Who put it on hold.
        package var member: MemberID
        /// When, by the member's clock, ns.
        package var time: Int64
        /// When the hold ends by itself, ns; 0 if it does not.
        package var until: Int64
        /// Why.
        package var reason: String
        /// Whether an owner did it, whom no manager overrules.
        package var isOwners: Bool
    }

    /// The holds that no record has released, by commit.
    package private(set) var entries: [ObjectHash: [Entry]] = [:]
    /// The number after the last record.
    package private(set) var nextNumber: UInt64 = 0
    /// What is wrong with the records.
    private(set) var problems: [HistoryProblem] = []

    /// Nothing on hold.
    init() {}

    /// Reads and verifies all records.
    static func load(from store: any ObjectStore, id repository: RepositoryID, policies: PolicyChain) throws -> HoldLog
    {
        let records = try NumberedRecords<Hold>.load(
            from: store,
            prefix: ObjectNames.holds,
            repository: repository,
            policies: policies,
            number: { if case .hold(let number) = $0 { number } else { nil } },
            objection: { record, number in
                guard record.number == number else { return "it stands under the name of another record" }
                return policies.hasMaintained(record.signer)
                    ? nil : "member \(record.signer) that signed it had no right to hold snapshots"
            }
        )
        var log = HoldLog()
        log.problems = records.flaws.map { HistoryProblem(.hold, "record of holds: \($0.message)") }
        log.nextNumber = records.next
        for record in records.records { log.add(record.body, policies) }
        return log
    }

    private mutating func add(_ record: Hold, _ policies: PolicyChain) {
        let isOwner = policies.hasOwned(record.signer)
        // Who is revoked may have held, but releases nothing: a hold errs on the side of the data.
        let mayRelease = policies.current.revocation(of: record.signer) == nil
        for commit in record.released {
            let left = entries[commit]?.filter { !mayRelease || ($0.isOwners && !isOwner) } ?? []
            if !left.isEmpty {
                problems.append(
                    HistoryProblem(
                        .hold,
                        "record of holds \(record.number) by member \(record.signer.hex.prefix(8)) releases snapshot "
                            + "\(commit.hex.prefix(8)) without the right to it: it stays on hold"
                    )
                )
            }
            entries[commit] = left.isEmpty ? nil : left
        }
        for commit in record.held {
            entries[commit, default: []].append(
                Entry(
                    number: record.number,
                    member: record.signer,
                    time: record.time,
                    until: record.until,
                    reason: record.reason,
                    isOwners: isOwner
                )
            )
        }
    }

    /// The holds of a commit that have not run out.
    ///
    /// - Parameter now: the present time, ns; without it none has.
    package func holds(of commit: ObjectHash, now: Int64?) -> [Entry] {
        guard let holds = entries[commit] else { return [] }
        guard let now else { return holds }
        return holds.filter { $0.until == 0 || $0.until > now }
    }
}

extension PolicyChain {
    /// Whether some policy has a member as owner.
    func hasOwned(_ member: MemberID) -> Bool { policies.contains { $0.member(member)?.role == .owner } }
}

extension Repository {
    /// The holds as the store shows them now.
    package func holdsNow() throws -> HoldLog { try HoldLog.load(from: store, id: id, policies: policies) }

    /// Puts commits on hold, or releases them.
    ///
    /// - Returns: the record's number.
    /// - Throws: `RepositoryError.notPermitted` for members that are neither owner nor manager.
    @discardableResult
    package func writeHold(
        held: [ObjectHash] = [],
        released: [ObjectHash] = [],
        until: Int64 = 0,
        reason: String = "",
        log: CommitLog
    ) throws -> UInt64 {
        try requireMaintenance(to: "put snapshots on hold or release them")
        let seen = stateFile?.load().holds ?? 0
        let next = try putNumbered(from: max(log.holds.nextNumber, seen)) { number in
            let record = Hold(
                repository: id,
                signer: keyring.member,
                number: number,
                time: environment.now(),
                held: held.sorted(),
                released: released.sorted(),
                until: until,
                reason: reason
            )
            return (ObjectNames.hold(number), try SignedRecord.sign(record, with: keyring.signingKey))
        }
        remember { state in state.holds = max(state.holds, next) }
        return next - 1
    }
}
