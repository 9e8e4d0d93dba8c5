package import Cryptography

/// Who may do what in a repository: one link of a chain that owners sign.
package struct Policy: SignedBody {
    package static var kind: RecordKind { .policy }

    package var repository: RepositoryID
    package var signer: MemberID
    /// The policy's number, from 0.
    package var number: UInt64
    /// The SHA-256 of the policy object before; nil in number 0.
    package var previous: ObjectHash?
    /// When the signer says it made the policy, nanoseconds since 1970-01-01 UTC.
    package var time: Int64
    /// The cipher suite for what is written from now on.
    package var suite: CipherSuite
    /// The members.
    package var members: [PolicyMember]
    /// The domains.
    package var domains: [PolicyDomain]
    /// The public keys of managers, to which metadata keys are sealed.
    package var managers: [AgreementPublicKey]
    /// The names of the valid key slots, ascending.
    package var slots: [ObjectHash]
    /// What a member must know, by name.
    package var features: [String]
    /// Members that are trusted no longer.
    package var revocations: [Revocation]
    /// Bounds on how long snapshots are kept.
    package var retention: RetentionLimits
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        signer: MemberID,
        number: UInt64,
        previous: ObjectHash?,
        time: Int64,
        suite: CipherSuite,
        members: [PolicyMember],
        domains: [PolicyDomain],
        managers: [AgreementPublicKey],
        slots: [ObjectHash],
        features: [String] = [],
        revocations: [Revocation] = [],
        retention: RetentionLimits = RetentionLimits(),
        unknown: UnknownFields = UnknownFields()
    ) {
        self.repository = repository
        self.signer = signer
        self.number = number
        self.previous = previous
        self.time = time
        self.suite = suite
        self.members = members
        self.domains = domains
        self.managers = managers
        self.slots = slots
        self.features = features
        self.revocations = revocations
        self.retention = retention
        self.unknown = unknown
    }

    /// The member with an id.
    package func member(_ id: MemberID) -> PolicyMember? {
        members.first { $0.id == id }
    }

    /// The domain with an id.
    package func domain(_ id: DomainID) -> PolicyDomain? {
        domains.first { $0.id == id }
    }

    /// The revocation of a member, if it is revoked.
    package func revocation(of member: MemberID) -> Revocation? {
        revocations.first { $0.member == member }
    }

    /// The names of all valid key slots: those of passphrases, key files and recovery words, and those of members.
    package var validSlots: Set<ObjectHash> {
        Set(slots).union(members.lazy.filter { revocation(of: $0.id) == nil }.flatMap(\.slots))
    }

    /// Whether a member is an owner, and so may sign the policy after this one; a revoked one may not.
    package func isOwner(_ id: MemberID) -> Bool {
        member(id)?.role == .owner && revocation(of: id) == nil
    }
}
