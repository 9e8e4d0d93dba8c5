/// The last known commit of one chain.
package struct CommitHead: Hashable, Sendable {
    /// The member whose chain it is.
    package var member: MemberID
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
        member: MemberID,
        incarnation: Incarnation,
        number: UInt64,
        hash: ObjectHash,
        unknown: UnknownFields = UnknownFields()
    ) {
        self.member = member
        self.incarnation = incarnation
        self.number = number
        self.hash = hash
        self.unknown = unknown
    }

    /// Reads a head that is a field of a record.
    package init(reading field: Field) throws(RecordError) {
        let what = "head of a chain"
        var reader = try field.reader(what: what)
        var member: MemberID?
        var incarnation: Incarnation?
        var number: UInt64?
        var hash: ObjectHash?
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: member = try field.identifier()
            case 3: incarnation = try field.incarnation()
            case 5: number = try field.number()
            case 7: hash = try field.digest()
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(
            member: try required(member, "member", of: what),
            incarnation: try required(incarnation, "incarnation", of: what),
            number: try required(number, "number", of: what),
            hash: try required(hash, "hash", of: what),
            unknown: unknown
        )
    }

    /// Writes the head's fields.
    package func write(to writer: inout FieldWriter) {
        writer.identifier(1, member)
        writer.incarnation(3, incarnation)
        writer.integer(5, number)
        writer.digest(7, hash)
        writer.unknown(unknown)
    }

    /// Makes sure that no chain occurs twice in a record.
    static func requireUnique(_ heads: [CommitHead], in what: String) throws(RecordError) {
        var seen: Set<Chain> = []
        for head in heads where !seen.insert(Chain(member: head.member, incarnation: head.incarnation)).inserted {
            throw RecordError(
                .malformed,
                "the \(what) names chain \(head.incarnation.hex) of member \(head.member.hex) twice"
            )
        }
    }

    private struct Chain: Hashable {
        var member: MemberID
        var incarnation: Incarnation
    }
}
