/// What an object's name says.
package enum ParsedName: Hashable, Sendable {
    /// The public header.
    case format
    /// A policy.
    case policy(number: UInt64)
    /// A key slot.
    case slot(ObjectHash)
    /// A pack.
    case pack(ObjectHash)
    /// An index fragment.
    case index(ObjectHash)
    /// A pack list.
    case packList(member: MemberID, run: RunID, number: UInt64)
    /// A commit.
    case commit(member: MemberID, incarnation: Incarnation, number: UInt64, hash: ObjectHash)
    /// A lease or its renewal.
    case lease(member: MemberID, run: RunID, number: UInt64)
    /// The end of a run.
    case leaseEnd(member: MemberID, run: RunID)
    /// A run declared dead.
    case leaseDead(member: MemberID, run: RunID)
    /// An attestation.
    case attestation(member: MemberID, number: UInt64)
    /// A prune plan.
    case plan(number: UInt64, hash: ObjectHash)
    /// The record that a plan was carried out.
    case planDone(number: UInt64)
    /// A record of forgotten commits.
    case forgotten(number: UInt64)
    /// A record of holds.
    case hold(number: UInt64)
    /// A receipt.
    case receipt(receiver: MemberID, number: UInt64)
    /// An erasure.
    case erasure(number: UInt64)
    /// An audit entry.
    case audit(member: MemberID, number: UInt64)
    /// Parity of a group of objects.
    case parity(ObjectHash)

    /// The kind of object that belongs under the name.
    package var kind: RecordKind {
        switch self {
        case .format: .format
        case .policy: .policy
        case .slot: .slot
        case .pack: .pack
        case .index: .index
        case .packList: .packList
        case .commit: .commit
        case .lease, .leaseEnd, .leaseDead: .lease
        case .attestation: .attestation
        case .plan: .plan
        case .planDone: .planDone
        case .forgotten: .forgotten
        case .hold: .hold
        case .receipt: .receipt
        case .erasure: .erasure
        case .audit: .audit
        case .parity: .parity
        }
    }

    /// The SHA-256 that the object's bytes must have, where the name holds it.
    package var hash: ObjectHash? {
        switch self {
        case .slot(let hash), .pack(let hash), .index(let hash), .parity(let hash): hash
        case .commit(_, _, _, let hash), .plan(_, let hash): hash
        case .format, .policy, .packList, .lease, .leaseEnd, .leaseDead, .attestation, .planDone, .forgotten, .hold,
            .receipt, .erasure, .audit:
            nil
        }
    }

    /// The name.
    package var name: String {
        switch self {
        case .format: ObjectNames.format
        case .policy(let number): ObjectNames.policy(number)
        case .slot(let hash): ObjectNames.slot(hash)
        case .pack(let hash): ObjectNames.pack(hash)
        case .index(let hash): ObjectNames.index(hash)
        case .packList(let member, let run, let number):
            ObjectNames.packList(member: member, run: run, number: number)
        case .commit(let member, let incarnation, let number, let hash):
            ObjectNames.commit(member: member, incarnation: incarnation, number: number, hash: hash)
        case .lease(let member, let run, let number): ObjectNames.lease(member: member, run: run, number: number)
        case .leaseEnd(let member, let run): ObjectNames.leaseEnd(member: member, run: run)
        case .leaseDead(let member, let run): ObjectNames.leaseDead(member: member, run: run)
        case .attestation(let member, let number): ObjectNames.attestation(member: member, number: number)
        case .plan(let number, let hash): ObjectNames.plan(number: number, hash: hash)
        case .planDone(let number): ObjectNames.planDone(number)
        case .forgotten(let number): ObjectNames.forgotten(number)
        case .hold(let number): ObjectNames.hold(number)
        case .receipt(let receiver, let number): ObjectNames.receipt(receiver: receiver, number: number)
        case .erasure(let number): ObjectNames.erasure(number)
        case .audit(let member, let number): ObjectNames.audit(member: member, number: number)
        case .parity(let hash): ObjectNames.parity(hash)
        }
    }
}
