/// A member that is trusted no longer, but for what it did before.
package struct Revocation: Hashable, Sendable {
    /// The member.
    package var member: MemberID
    /// When it was revoked, nanoseconds since 1970-01-01 UTC.
    package var time: Int64
    /// The last commit of each of its chains that still counts; a chain that is not named does not count at all.
    package var accepted: [AcceptedHead]
    /// A record of forgotten commits that the member signed counts if its number is below this.
    package var forgottenRecords: UInt64
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        member: MemberID,
        time: Int64,
        accepted: [AcceptedHead],
        forgottenRecords: UInt64 = 0,
        unknown: UnknownFields = UnknownFields()
    ) {
        self.member = member
        self.time = time
        self.accepted = accepted
        self.forgottenRecords = forgottenRecords
        self.unknown = unknown
    }

    /// Reads a revocation that is a field of a policy.
    init(reading field: Field) throws(RecordError) {
        let what = "revocation in a policy"
        var reader = try field.reader(what: what, repeated: [5])
        var member: MemberID?
        var time: Int64 = 0
        var accepted: [AcceptedHead] = []
        var forgottenRecords: UInt64 = 0
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: member = try field.identifier()
            case 3: time = try field.signed()
            case 5: accepted.append(try AcceptedHead(reading: field))
            case 6: forgottenRecords = try field.integer()
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(
            member: try required(member, "member", of: what),
            time: time,
            accepted: accepted,
            forgottenRecords: forgottenRecords,
            unknown: unknown
        )
        guard Set(accepted.map(\.incarnation)).count == accepted.count else {
            throw RecordError(.malformed, "the \(what) names a chain of member \(self.member.hex) twice")
        }
    }

    /// Writes the revocation's fields.
    func write(to writer: inout FieldWriter) {
        writer.identifier(1, member)
        writer.signed(3, time)
        for head in accepted { writer.record(5, head.write) }
        writer.integer(6, forgottenRecords)
        writer.unknown(unknown)
    }
}

/// The last commit of a revoked member's chain that still counts.
package struct AcceptedHead: Hashable, Sendable {
    /// The chain.
    package var incarnation: Incarnation
    /// The commit's number within the chain, from 1.
    package var number: UInt64
    /// The SHA-256 of the commit object.
    package var hash: ObjectHash
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        incarnation: Incarnation,
        number: UInt64,
        hash: ObjectHash,
        unknown: UnknownFields = UnknownFields()
    ) {
        self.incarnation = incarnation
        self.number = number
        self.hash = hash
        self.unknown = unknown
    }

    /// Reads a head that is a field of a revocation.
    init(reading field: Field) throws(RecordError) {
        let what = "accepted commit in a revocation"
        var reader = try field.reader(what: what)
        var incarnation: Incarnation?
        var number: UInt64?
        var hash: ObjectHash?
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: incarnation = try field.incarnation()
            case 3: number = try field.number()
            case 5: hash = try field.digest()
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(
            incarnation: try required(incarnation, "incarnation", of: what),
            number: try required(number, "number", of: what),
            hash: try required(hash, "hash", of: what),
            unknown: unknown
        )
    }

    /// Writes the head's fields.
    func write(to writer: inout FieldWriter) {
        writer.incarnation(1, incarnation)
        writer.integer(3, number)
        writer.digest(5, hash)
        writer.unknown(unknown)
    }
}
