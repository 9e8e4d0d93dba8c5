/// Packs that a member who can read has read and found right.
package struct Attestation: SignedBody {
    package static var kind: RecordKind { .attestation }

    package var repository: RepositoryID
    package var signer: MemberID
    /// The domain of the packs.
    package var domain: DomainID
    /// The epoch of the domain, from 1.
    package var epoch: UInt32
    /// The attestation's number among the member's.
    package var number: UInt64
    /// The SHA-256 of the member's attestation object before; nil in the first.
    package var previous: ObjectHash?
    /// The packs, ascending by name.
    package var packs: [PackReference]
    /// When the signer says it was written, nanoseconds since 1970-01-01 UTC.
    package var time: Int64
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        signer: MemberID,
        domain: DomainID,
        epoch: UInt32,
        number: UInt64,
        previous: ObjectHash?,
        packs: [PackReference],
        time: Int64,
        unknown: UnknownFields = UnknownFields()
    ) {
        self.repository = repository
        self.signer = signer
        self.domain = domain
        self.epoch = epoch
        self.number = number
        self.previous = previous
        self.packs = packs
        self.time = time
        self.unknown = unknown
    }

    package init(decoding body: [UInt8]) throws(RecordError) {
        let what = Self.kind.name
        var reader = FieldReader(body, what: what)
        var head = SignedHead()
        var domain: DomainID?
        var epoch: UInt32?
        var number: UInt64 = 0
        var previous: ObjectHash?
        var packs: [PackReference] = []
        var time: Int64 = 0
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 5: domain = try field.identifier()
            case 7: epoch = try field.integer32()
            case 9: number = try field.number()
            case 11: previous = try field.digest()
            case 13: packs = try field.packReferences()
            case 15: time = try field.signed()
            default: if try !head.take(field) { try field.requireKnown(what, keep: &unknown) }
            }
        }
        let (repository, signer) = try head.values(of: what)
        self.init(
            repository: repository,
            signer: signer,
            domain: try required(domain, "domain", of: what),
            epoch: try required(epoch, "epoch", of: what),
            number: number,
            previous: previous,
            packs: packs,
            time: time,
            unknown: unknown
        )
    }

    package func encodedBody() -> [UInt8] {
        var writer = FieldWriter(self)
        writer.identifier(5, domain)
        writer.integer(7, UInt64(epoch))
        writer.integer(9, number)
        writer.digest(11, previous)
        writer.packReferences(13, packs)
        writer.signed(15, time)
        writer.unknown(unknown)
        return writer.bytes
    }
}
