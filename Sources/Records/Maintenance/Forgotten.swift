/// Commits that a manager drops, named before they are deleted: a gap that no such record covers is a deletion.
package struct Forgotten: SignedBody {
    package static var kind: RecordKind { .forgotten }

    package var repository: RepositoryID
    package var signer: MemberID
    /// The record's number.
    package var number: UInt64
    /// When the signer says it was written, nanoseconds since 1970-01-01 UTC.
    package var time: Int64
    /// The commits.
    package var commits: [ForgottenCommit]
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        signer: MemberID,
        number: UInt64,
        time: Int64,
        commits: [ForgottenCommit],
        unknown: UnknownFields = UnknownFields()
    ) {
        self.repository = repository
        self.signer = signer
        self.number = number
        self.time = time
        self.commits = commits
        self.unknown = unknown
    }

    package init(decoding body: [UInt8]) throws(RecordError) {
        let what = Self.kind.name
        var reader = FieldReader(body, what: what, repeated: [9])
        var head = SignedHead()
        var number: UInt64 = 0
        var time: Int64 = 0
        var commits: [ForgottenCommit] = []
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 5: number = try field.number()
            case 7: time = try field.signed()
            case 9: commits.append(try ForgottenCommit(reading: field))
            default: if try !head.take(field) { try field.requireKnown(what, keep: &unknown) }
            }
        }
        let (repository, signer) = try head.values(of: what)
        self.init(
            repository: repository,
            signer: signer,
            number: number,
            time: time,
            commits: commits,
            unknown: unknown
        )
        guard Set(commits.map(\.hash)).count == commits.count else {
            throw RecordError(.malformed, "the \(what) names a commit twice")
        }
    }

    package func encodedBody() -> [UInt8] {
        var writer = FieldWriter(self)
        writer.integer(5, number)
        writer.signed(7, time)
        for item in commits { writer.record(9, item.write) }
        writer.unknown(unknown)
        return writer.bytes
    }
}

/// A commit that is dropped.
package struct ForgottenCommit: Hashable, Sendable {
    /// The member that wrote the commit.
    package var member: MemberID
    /// The chain that it belongs to.
    package var incarnation: Incarnation
    /// Its number within the chain, from 1.
    package var number: UInt64
    /// The SHA-256 of its object.
    package var hash: ObjectHash
    /// The SHA-256 of the commit before it; nil for number 1.
    package var previous: ObjectHash?
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        member: MemberID,
        incarnation: Incarnation,
        number: UInt64,
        hash: ObjectHash,
        previous: ObjectHash?,
        unknown: UnknownFields = UnknownFields()
    ) {
        self.member = member
        self.incarnation = incarnation
        self.number = number
        self.hash = hash
        self.previous = previous
        self.unknown = unknown
    }

    /// Reads a commit that is a field of the record.
    init(reading field: Field) throws(RecordError) {
        let what = "forgotten commit"
        var reader = try field.reader(what: what)
        var member: MemberID?
        var incarnation: Incarnation?
        var number: UInt64?
        var hash: ObjectHash?
        var previous: ObjectHash?
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: member = try field.identifier()
            case 3: incarnation = try field.incarnation()
            case 5: number = try field.number()
            case 7: hash = try field.digest()
            case 9: previous = try field.digest()
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(
            member: try required(member, "member", of: what),
            incarnation: try required(incarnation, "incarnation", of: what),
            number: try required(number, "number", of: what),
            hash: try required(hash, "hash", of: what),
            previous: previous,
            unknown: unknown
        )
        guard (self.number == 1) == (previous == nil) else {
            throw RecordError(.malformed, "forgotten commit \(self.number) names a wrong commit before it, or none")
        }
    }

    /// Writes the commit's fields.
    func write(to writer: inout FieldWriter) {
        writer.identifier(1, member)
        writer.incarnation(3, incarnation)
        writer.integer(5, number)
        writer.digest(7, hash)
        writer.digest(9, previous)
        writer.unknown(unknown)
    }
}
