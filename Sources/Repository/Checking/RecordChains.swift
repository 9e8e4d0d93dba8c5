package import ObjectStorage
package import Records

/// Checks the numbers and links of records that members write one after another: attestations and audit entries
/// (format.md §14).
package enum RecordChains {
    /// What is wrong with the numbers and links; damaged records are told by whoever reads each.
    package static func problems(
        in store: any ObjectStore,
        repository: RepositoryID,
        policies: PolicyChain
    ) throws -> [String] {
        var members: (attesting: Set<MemberID>, auditing: Set<MemberID>) = ([], [])
        for prefix in [ObjectNames.attestations, ObjectNames.auditEntries] {
            try store.list(prefix: prefix) { name, _ in
                switch ObjectNames.parse(name.path) {
                case .attestation(let member, _)?: members.attesting.insert(member)
                case .audit(let member, _)?: members.auditing.insert(member)
                default: break
                }
            }
        }
        var problems: [String] = []
        for member in members.attesting.sorted() {
            let records = try NumberedRecords<Attestation>.load(
                from: store,
                prefix: ObjectNames.attestations(of: member),
                repository: repository,
                policies: policies,
                number: { if case .attestation(_, let number) = $0 { number } else { nil } },
                objection: {
                    $0.signer == member && $0.number == $1 ? nil : "it stands under the name of another record"
                }
            )
            problems += check(records, of: member, "attestation") { $0.previous }
        }
        for member in members.auditing.sorted() {
            let records = try NumberedRecords<AuditEntry>.load(
                from: store,
                prefix: ObjectNames.auditEntries(of: member),
                repository: repository,
                policies: policies,
                number: { if case .audit(_, let number) = $0 { number } else { nil } },
                objection: {
                    $0.signer == member && $0.number == $1 ? nil : "it stands under the name of another record"
                }
            )
            problems += check(records, of: member, "audit entry") { $0.previous }
        }
        return problems
    }

    private static func check<Body: SignedBody>(
        _ records: NumberedRecords<Body>,
        of member: MemberID,
        _ what: String,
        previous: (Body) -> ObjectHash?
    ) -> [String] {
        var problems = records.flaws.filter(\.isMissing).map { "\(what): \($0.message)" }
        for (before, record) in zip(records.records, records.records.dropFirst())
        where before.number + 1 == record.number && previous(record.body) != before.hash {
            problems.append(
                "\(what) \(record.number) of member \(member.hex.prefix(8)) does not follow the one before it: one of the "
                    + "two was replaced"
            )
        }
        return problems
    }
}
