/// The packs that a run added or refers to, signed.
package struct PackList: SignedBody {
    /// What the packs of a list are to the run that wrote it.
    package enum Kind: UInt64, Sendable, CaseIterable {
        /// Packs that the run added since its list before.
        case added = 1
        /// Packs that the run refers to and did not add.
        case referred = 2
    }

    package static var kind: RecordKind { .packList }

    package var repository: RepositoryID
    package var signer: MemberID
    /// The domain of the packs.
    package var domain: DomainID
    /// The epoch of the domain, from 1.
    package var epoch: UInt32
    /// The run that wrote the list.
    package var run: RunID
    /// The list's number within the run, from 0.
    package var number: UInt64
    /// Whether the run added the packs or refers to them.
    package var kind: Kind
    /// The packs, ascending by name.
    package var packs: [PackReference]
    /// Index fragments written since the list before, ascending by name.
    package var fragments: [PackReference]
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        signer: MemberID,
        domain: DomainID,
        epoch: UInt32,
        run: RunID,
        number: UInt64,
        kind: Kind,
        packs: [PackReference],
        fragments: [PackReference] = [],
        unknown: UnknownFields = UnknownFields()
    ) {
        self.repository = repository
        self.signer = signer
        self.domain = domain
        self.epoch = epoch
        self.run = run
        self.number = number
        self.kind = kind
        self.packs = packs
        self.fragments = fragments
        self.unknown = unknown
    }

    package init(decoding body: [UInt8]) throws(RecordError) {
        let what = Self.kind.name
        var reader = FieldReader(body, what: what)
        var head = SignedHead()
        var domain: DomainID?
        var epoch: UInt32?
        var run: RunID?
        var number: UInt64 = 0
        var kind: Kind?
        var packs: [PackReference] = []
        var fragments: [PackReference] = []
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 5: domain = try field.identifier()
            case 7: epoch = try field.integer32()
            case 9: run = try field.identifier()
            case 11: number = try field.number()
            case 13: kind = try field.choice("kind of pack list")
            case 15: packs = try field.packReferences()
            case 17: fragments = try field.packReferences()
            default: if try !head.take(field) { try field.requireKnown(what, keep: &unknown) }
            }
        }
        let (repository, signer) = try head.values(of: what)
        self.init(
            repository: repository,
            signer: signer,
            domain: try required(domain, "domain", of: what),
            epoch: try required(epoch, "epoch", of: what),
            run: try required(run, "run", of: what),
            number: number,
            kind: try required(kind, "kind", of: what),
            packs: packs,
            fragments: fragments,
            unknown: unknown
        )
    }

    package func encodedBody() -> [UInt8] {
        var writer = FieldWriter(self)
        writer.identifier(5, domain)
        writer.integer(7, UInt64(epoch))
        writer.identifier(9, run)
        writer.integer(11, number)
        writer.integer(13, kind.rawValue)
        writer.packReferences(15, packs)
        writer.packReferences(17, fragments)
        writer.unknown(unknown)
        return writer.bytes
    }
}
