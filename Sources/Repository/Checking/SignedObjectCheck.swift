package import Records

/// Checks signed objects of any kind by what their name says of them.
package enum SignedObjectCheck {
    /// Verifies an object, and gives the pack list if it is one.
    ///
    /// Names and contents agree, the signature is that of a member of some policy. Objects of other kinds than signed
    /// records, and commits and policies, which have chains of their own, pass.
    ///
    /// - Throws: `RecordError` or `RepositoryError.integrity` saying what is wrong.
    @discardableResult
    package static func verify(
        _ object: [UInt8],
        name: ParsedName,
        repository: RepositoryID,
        policies: PolicyChain
    ) throws -> PackList? {
        func body<Body: SignedBody>(_ type: Body.Type) throws -> Body {
            let signer = try SignedRecord.signer(of: object, kind: Body.kind)
            guard let key = policies.key(of: signer) else {
                throw RepositoryError(.integrity, "member \(signer) that signed it is in no policy")
            }
            return try SignedRecord.body(type, of: object, signedBy: key, repository: repository)
        }
        func require(_ isSame: Bool) throws {
            guard isSame else { throw RepositoryError(.integrity, "it stands under the name of another object") }
        }
        switch name {
        case .packList(let member, let run, let number):
            let list = try body(PackList.self)
            try require(list.signer == member && list.run == run && list.number == number)
            return list
        case .lease(let member, let run, let number):
            let lease = try body(Lease.self)
            try require(
                lease.member == member && lease.run == run && lease.number == number && lease.state == .active
            )
        case .leaseEnd(let member, let run):
            let lease = try body(Lease.self)
            try require(lease.member == member && lease.run == run && lease.state == .ended)
        case .leaseDead(let member, let run):
            let lease = try body(Lease.self)
            try require(lease.member == member && lease.run == run && lease.state == .dead)
        case .attestation(let member, let number):
            let record = try body(Attestation.self)
            try require(record.signer == member && record.number == number)
        case .plan(let number, _): try require(try body(PrunePlan.self).number == number)
        case .planDone(let number): try require(try body(PlanDone.self).number == number)
        case .forgotten(let number): try require(try body(Forgotten.self).number == number)
        case .hold(let number): try require(try body(Hold.self).number == number)
        case .receipt(let receiver, let number):
            let record = try body(Receipt.self)
            try require(record.signer == receiver && record.number == number)
        case .erasure(let number): try require(try body(Erasure.self).number == number)
        case .audit(let member, let number):
            let record = try body(AuditEntry.self)
            try require(record.signer == member && record.number == number)
        case .format, .policy, .slot, .pack, .index, .commit, .parity: break
        }
        return nil
    }
}
