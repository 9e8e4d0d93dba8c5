internal import Cryptography

/// The names of a repository's objects, and where those of one kind begin.
package enum ObjectNames {
    /// The greatest number that a name can hold: ten digits.
    package static let maximumNumber: UInt64 = 9_999_999_999

    /// The public header.
    package static let format = "format"

    // Where the names of each kind begin, for listing.

    /// Before the names of policies.
    package static let policies = "policy/"
    /// Before the names of key slots.
    package static let slots = "keys/"
    /// Before the names of packs.
    package static let packs = "packs/"
    /// Before the names of index fragments.
    package static let indexes = "index/"
    /// Before the names of pack lists.
    package static let packLists = "packlists/"
    /// Before the names of commits.
    package static let commits = "commits/"
    /// Before the names of leases.
    package static let leases = "leases/"
    /// Before the names of attestations.
    package static let attestations = "attested/"
    /// Before the names of plans and of the records that they were carried out.
    package static let plans = "plans/"
    /// Before the names of records of forgotten commits.
    package static let forgottenCommits = "forgotten/"
    /// Before the names of records of holds.
    package static let holds = "holds/"
    /// Before the names of receipts.
    package static let receipts = "receipts/"
    /// Before the names of erasures.
    package static let erasures = "erased/"
    /// Before the names of audit entries.
    package static let auditEntries = "audit/"
    /// Before the names of parity objects.
    package static let parityObjects = "parity/"

    /// Before the names of a member's pack lists.
    package static func packLists(of member: MemberID) -> String { "\(packLists)\(member.hex)/" }
    /// Before the names of a run's pack lists.
    package static func packLists(of member: MemberID, run: RunID) -> String {
        "\(packLists)\(member.hex)/\(run.hex)/"
    }
    /// Before the names of a member's commits.
    package static func commits(of member: MemberID) -> String { "\(commits)\(member.hex)/" }
    /// Before the names of one chain of a member's commits.
    package static func commits(of member: MemberID, incarnation: Incarnation) -> String {
        "\(commits)\(member.hex)/\(incarnation.hex)/"
    }
    /// Before the names of a member's leases.
    package static func leases(of member: MemberID) -> String { "\(leases)\(member.hex)/" }
    /// Before the names of a run's leases.
    package static func leases(of member: MemberID, run: RunID) -> String { "\(leases)\(member.hex)/\(run.hex)/" }
    /// Before the names of a member's attestations.
    package static func attestations(of member: MemberID) -> String { "\(attestations)\(member.hex)/" }
    /// Before the names of a receiver's receipts.
    package static func receipts(of receiver: MemberID) -> String { "\(receipts)\(receiver.hex)/" }
    /// Before the names of a member's audit entries.
    package static func auditEntries(of member: MemberID) -> String { "\(auditEntries)\(member.hex)/" }

    // Numbers are at most `maximumNumber`; a greater one makes a name that no reader accepts.

    /// A policy, by its number.
    package static func policy(_ number: UInt64) -> String { policies + decimal(number) }
    /// A key slot, by the hash of its bytes.
    package static func slot(_ hash: ObjectHash) -> String { slots + hash.hex }
    /// A pack, by the hash of its bytes.
    package static func pack(_ hash: ObjectHash) -> String {
        let digits = hash.hex
        return "\(packs)\(digits.prefix(2))/\(digits)"
    }
    /// An index fragment, by the hash of its bytes.
    package static func index(_ hash: ObjectHash) -> String { indexes + hash.hex }
    /// A pack list, by its number within the run.
    package static func packList(member: MemberID, run: RunID, number: UInt64) -> String {
        packLists(of: member, run: run) + decimal(number)
    }
    /// A commit, by its number within the incarnation and the hash of its bytes.
    package static func commit(
        member: MemberID,
        incarnation: Incarnation,
        number: UInt64,
        hash: ObjectHash
    ) -> String {
        "\(commits(of: member, incarnation: incarnation))\(decimal(number))-\(hash.hex)"
    }
    /// A lease or its renewal, by its number within the run.
    package static func lease(member: MemberID, run: RunID, number: UInt64) -> String {
        leases(of: member, run: run) + decimal(number)
    }
    /// The lease that says that a run has ended.
    package static func leaseEnd(member: MemberID, run: RunID) -> String { leases(of: member, run: run) + "end" }
    /// The lease that says that a run was declared dead.
    package static func leaseDead(member: MemberID, run: RunID) -> String { leases(of: member, run: run) + "dead" }
    /// An attestation, by its number.
    package static func attestation(member: MemberID, number: UInt64) -> String {
        attestations(of: member) + decimal(number)
    }
    /// A prune plan, by its number and the hash of its bytes.
    package static func plan(number: UInt64, hash: ObjectHash) -> String { "\(plans)\(decimal(number))-\(hash.hex)" }
    /// The record that a plan was carried out.
    package static func planDone(_ number: UInt64) -> String { "\(plans)\(decimal(number)).done" }
    /// A record of forgotten commits, by its number.
    package static func forgotten(_ number: UInt64) -> String { forgottenCommits + decimal(number) }
    /// A record of holds, by its number.
    package static func hold(_ number: UInt64) -> String { holds + decimal(number) }
    /// A receipt, by its number.
    package static func receipt(receiver: MemberID, number: UInt64) -> String {
        receipts(of: receiver) + decimal(number)
    }
    /// An erasure, by its number.
    package static func erasure(_ number: UInt64) -> String { erasures + decimal(number) }
    /// An audit entry, by its number.
    package static func audit(member: MemberID, number: UInt64) -> String { auditEntries(of: member) + decimal(number) }

    /// Parity of a group of objects, by the hash of its bytes.
    package static func parity(_ hash: ObjectHash) -> String { parityObjects + hash.hex }

    private static func decimal(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 10 - digits.utf8.count)) + digits
    }
}
