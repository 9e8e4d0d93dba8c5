/// A receiver's word that a commit has arrived, and when.
package struct Receipt: SignedBody {
    package static var kind: RecordKind { .receipt }

    package var repository: RepositoryID
    package var signer: MemberID
    /// The receipt's number among the receiver's.
    package var number: UInt64
    /// The SHA-256 of the commit's object.
    package var commit: ObjectHash
    /// When the commit arrived, nanoseconds since 1970-01-01 UTC.
    package var time: Int64
    /// What people call the target that holds the commit.
    package var target: String
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        signer: MemberID,
        number: UInt64,
        commit: ObjectHash,
        time: Int64,
        target: String,
        unknown: UnknownFields = UnknownFields()
    ) {
        self.repository = repository
        self.signer = signer
        self.number = number
        self.commit = commit
        self.time = time
        self.target = target
        self.unknown = unknown
    }

    package init(decoding body: [UInt8]) throws(RecordError) {
        let what = Self.kind.name
        var reader = FieldReader(body, what: what)
        var head = SignedHead()
        var number: UInt64 = 0
        var commit: ObjectHash?
        var time: Int64 = 0
        var target = ""
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 5: number = try field.number()
            case 7: commit = try field.digest()
            case 9: time = try field.signed()
            case 10: target = try field.text()
            default: if try !head.take(field) { try field.requireKnown(what, keep: &unknown) }
            }
        }
        let (repository, signer) = try head.values(of: what)
        self.init(
            repository: repository,
            signer: signer,
            number: number,
            commit: try required(commit, "commit", of: what),
            time: time,
            target: target,
            unknown: unknown
        )
    }

    package func encodedBody() -> [UInt8] {
        var writer = FieldWriter(self)
        writer.integer(5, number)
        writer.digest(7, commit)
        writer.signed(9, time)
        writer.text(10, target)
        writer.unknown(unknown)
        return writer.bytes
    }
}
