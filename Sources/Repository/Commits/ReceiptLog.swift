import Cryptography
import ObjectStorage
package import Records

/// What trusted receivers (owners, managers, replicas) have signed about the arrival of commits (format.md §14).
package struct ReceiptLog: Sendable {
    /// The earliest time of receipt of each commit, ns.
    package private(set) var times: [ObjectHash: Int64] = [:]
    /// The number after the last receipt of each receiver.
    package private(set) var nextNumbers: [MemberID: UInt64] = [:]
    /// What is wrong with the receipts.
    package internal(set) var problems: [HistoryProblem] = []

    /// The latest time of any receipt: what had not arrived before has arrived later.
    var newest: Int64 { times.values.max() ?? 0 }

    /// Reads and verifies all receipts.
    ///
    /// Those of receivers that the policy in force revokes do not count.
    static func load(
        from store: any ObjectStore,
        id repository: RepositoryID,
        policies: PolicyChain
    ) throws -> ReceiptLog {
        var receivers: Set<MemberID> = []
        try store.list(prefix: ObjectNames.receipts) { name, _ in
            if case .receipt(let receiver, _)? = ObjectNames.parse(name.path) { receivers.insert(receiver) }
        }
        var log = ReceiptLog()
        for receiver in receivers.sorted() where policies.current.revocation(of: receiver) == nil {
            let records = try NumberedRecords<Receipt>.load(
                from: store,
                prefix: ObjectNames.receipts(of: receiver),
                repository: repository,
                policies: policies,
                number: { if case .receipt(_, let number) = $0 { number } else { nil } },
                objection: { receipt, number in
                    guard receipt.number == number, receipt.signer == receiver else {
                        return "it stands under the name of another receipt"
                    }
                    return policies.hasReceived(receiver) ? nil : "its member had no right to write receipts"
                }
            )
            log.problems += records.flaws.map { HistoryProblem(.receipt, "receipt: \($0.message)") }
            log.nextNumbers[receiver] = records.next
            for record in records.records {
                let commit = record.body.commit
                log.times[commit] = min(log.times[commit] ?? Int64.max, record.body.time)
            }
        }
        return log
    }
}

extension PolicyChain {
    /// Whether some policy has a member whose word on arrivals is taken.
    func hasReceived(_ member: MemberID) -> Bool {
        policies.contains { policy in
            switch policy.member(member)?.role {
            case .owner, .manager, .replica: true
            case .writer, .reader, nil: false
            }
        }
    }
}
