/// The record that a prune plan was carried out, written before anything is deleted.
package struct PlanDone: SignedBody {
    package static var kind: RecordKind { .planDone }

    package var repository: RepositoryID
    package var signer: MemberID
    /// The plan's number.
    package var number: UInt64
    /// The SHA-256 of the plan's object.
    package var plan: ObjectHash
    /// When the signer says it was written, nanoseconds since 1970-01-01 UTC.
    package var time: Int64
    /// The last commit of each chain that was checked again.
    package var heads: [CommitHead]
    /// Packs of the plan that had become live again and were kept, ascending.
    package var kept: [ObjectHash]
    /// Runs held for dead of which no commit was there when commits were checked again, ascending.
    ///
    /// What they commit later does not count. Those of earlier records are repeated.
    package var deadRuns: [RunReference]
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        signer: MemberID,
        number: UInt64,
        plan: ObjectHash,
        time: Int64,
        heads: [CommitHead],
        kept: [ObjectHash],
        deadRuns: [RunReference] = [],
        unknown: UnknownFields = UnknownFields()
    ) {
        self.repository = repository
        self.signer = signer
        self.number = number
        self.plan = plan
        self.time = time
        self.heads = heads
        self.kept = kept
        self.deadRuns = deadRuns
        self.unknown = unknown
    }

    package init(decoding body: [UInt8]) throws(RecordError) {
        let what = Self.kind.name
        var reader = FieldReader(body, what: what, repeated: [11])
        var head = SignedHead()
        var number: UInt64 = 0
        var plan: ObjectHash?
        var time: Int64 = 0
        var heads: [CommitHead] = []
        var kept: [ObjectHash] = []
        var deadRuns: [RunReference] = []
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 5: number = try field.number()
            case 7: plan = try field.digest()
            case 9: time = try field.signed()
            case 11: heads.append(try CommitHead(reading: field))
            case 13: kept = try field.ascendingDigests()
            case 15: deadRuns = try field.runReferences()
            default: if try !head.take(field) { try field.requireKnown(what, keep: &unknown) }
            }
        }
        let (repository, signer) = try head.values(of: what)
        self.init(
            repository: repository,
            signer: signer,
            number: number,
            plan: try required(plan, "plan", of: what),
            time: time,
            heads: heads,
            kept: kept,
            deadRuns: deadRuns,
            unknown: unknown
        )
        try CommitHead.requireUnique(heads, in: what)
    }

    package func encodedBody() -> [UInt8] {
        var writer = FieldWriter(self)
        writer.integer(5, number)
        writer.digest(7, plan)
        writer.signed(9, time)
        for item in heads { writer.record(11, item.write) }
        writer.ascendingDigests(13, kept)
        writer.runReferences(15, deadRuns)
        writer.unknown(unknown)
        return writer.bytes
    }
}
