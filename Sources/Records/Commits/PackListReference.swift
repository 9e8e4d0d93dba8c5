/// A pack list that a commit names.
package struct PackListReference: Hashable, Sendable {
    /// The member that wrote the list.
    package var member: MemberID
    /// The run that wrote the list.
    package var run: RunID
    /// The list's number within that run, from 0.
    package var number: UInt64
    /// The SHA-256 of the list object.
    package var hash: ObjectHash
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        member: MemberID,
        run: RunID,
        number: UInt64,
        hash: ObjectHash,
        unknown: UnknownFields = UnknownFields()
    ) {
        self.member = member
        self.run = run
        self.number = number
        self.hash = hash
        self.unknown = unknown
    }

    /// Reads a list of the run that commits: member and run are the commit's own.
    init(added field: Field, member: MemberID, run: RunID) throws(RecordError) {
        let what = "list of added packs"
        var reader = try field.reader(what: what)
        var number: UInt64 = 0
        var hash: ObjectHash?
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: number = try field.number()
            case 3: hash = try field.digest()
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(
            member: member,
            run: run,
            number: number,
            hash: try required(hash, "hash", of: what),
            unknown: unknown
        )
    }

    /// Reads a list that some run wrote.
    init(referred field: Field) throws(RecordError) {
        let what = "list of packs referred to"
        var reader = try field.reader(what: what)
        var member: MemberID?
        var run: RunID?
        var number: UInt64 = 0
        var hash: ObjectHash?
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: member = try field.identifier()
            case 3: run = try field.identifier()
            case 5: number = try field.number()
            case 7: hash = try field.digest()
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(
            member: try required(member, "member", of: what),
            run: try required(run, "run", of: what),
            number: number,
            hash: try required(hash, "hash", of: what),
            unknown: unknown
        )
    }

    /// Writes the fields of a list of the run that commits.
    func writeAdded(to writer: inout FieldWriter) {
        writer.integer(1, number)
        writer.digest(3, hash)
        writer.unknown(unknown)
    }

    /// Writes the fields of a list that some run wrote.
    func writeReferred(to writer: inout FieldWriter) {
        writer.identifier(1, member)
        writer.identifier(3, run)
        writer.integer(5, number)
        writer.digest(7, hash)
        writer.unknown(unknown)
    }
}
