package import Cryptography

/// A member's certificate, as its policy states it.
package struct PolicyMember: Hashable, Sendable {
    /// The member, the first 16 bytes of SHA-256 over its key.
    package var id: MemberID
    /// What people call the member.
    package var name: String
    /// The key that checks the member's signatures.
    package var key: VerifyingKey
    /// What the member may do.
    package var role: MemberRole
    /// The certificate's serial number.
    package var certificateSerial: UInt64
    /// The domains that the member may use; none stated means all.
    package var domains: [DomainID]
    /// The certificate holds from here, seconds since 1970-01-01 UTC; 0 if there is no bound.
    package var notBefore: Int64
    /// The certificate holds until here, seconds since 1970-01-01 UTC; 0 if there is no bound.
    package var notAfter: Int64
    /// The key that the member's keyring is sealed to; nil for one that gets none.
    package var agreementKey: AgreementPublicKey?
    /// The slots that hold the member's keyring: copies of one another.
    package var slots: [ObjectHash]
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        id: MemberID,
        name: String,
        key: VerifyingKey,
        role: MemberRole,
        certificateSerial: UInt64,
        domains: [DomainID] = [],
        notBefore: Int64 = 0,
        notAfter: Int64 = 0,
        agreementKey: AgreementPublicKey? = nil,
        slots: [ObjectHash] = [],
        unknown: UnknownFields = UnknownFields()
    ) {
        self.id = id
        self.name = name
        self.key = key
        self.role = role
        self.certificateSerial = certificateSerial
        self.domains = domains
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.agreementKey = agreementKey
        self.slots = slots
        self.unknown = unknown
    }

    /// Whether the member may use a domain.
    package func mayUse(_ domain: DomainID) -> Bool {
        domains.isEmpty || domains.contains(domain)
    }

    /// Whether the certificate holds at a time, seconds since 1970-01-01 UTC.
    package func isValid(at time: Int64) -> Bool {
        (notBefore == 0 || time >= notBefore) && (notAfter == 0 || time <= notAfter)
    }

    /// Reads a member that is a field of a policy.
    init(reading field: Field) throws(RecordError) {
        let what = "member in a policy"
        var reader = try field.reader(what: what, repeated: [9, 18])
        var id: MemberID?
        var name = ""
        var key: VerifyingKey?
        var role: MemberRole?
        var certificateSerial: UInt64 = 0
        var domains: [DomainID] = []
        var notBefore: Int64 = 0
        var notAfter: Int64 = 0
        var agreementKey: AgreementPublicKey?
        var slots: [ObjectHash] = []
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: id = try field.identifier()
            case 2: name = try field.text()
            case 3: key = VerifyingKey(try field.digest())
            case 5: role = try field.choice("role")
            case 7: certificateSerial = try field.integer()
            case 9: domains.append(try field.identifier())
            case 12: notBefore = try field.signed()
            case 14: notAfter = try field.signed()
            case 16: agreementKey = AgreementPublicKey(try field.digest())
            case 18: slots.append(try field.digest())
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(
            id: try required(id, "id", of: what),
            name: name,
            key: try required(key, "key", of: what),
            role: try required(role, "role", of: what),
            certificateSerial: certificateSerial,
            domains: domains,
            notBefore: notBefore,
            notAfter: notAfter,
            agreementKey: agreementKey,
            slots: slots,
            unknown: unknown
        )
    }

    /// Writes the member's fields.
    func write(to writer: inout FieldWriter) {
        writer.identifier(1, id)
        writer.text(2, name)
        writer.digest(3, key.bytes)
        writer.integer(5, role.rawValue)
        writer.integer(7, certificateSerial)
        writer.repeatedIdentifier(9, domains)
        writer.signed(12, notBefore)
        writer.signed(14, notAfter)
        writer.digest(16, agreementKey?.bytes)
        writer.repeatedDigest(18, slots)
        writer.unknown(unknown)
    }
}
