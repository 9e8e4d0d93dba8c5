/// What a manager is about to delete, announced before it is deleted.
package struct PrunePlan: SignedBody {
    package static var kind: RecordKind { .plan }

    package var repository: RepositoryID
    package var signer: MemberID
    /// The plan's number.
    package var number: UInt64
    /// When the signer says it was written, nanoseconds since 1970-01-01 UTC.
    package var time: Int64
    /// The packs to delete, ascending by name.
    package var packs: [PackReference]
    /// The index fragments to delete, ascending.
    package var fragments: [ObjectHash]
    /// Packs whose live chunks were copied into new ones.
    package var replacements: [ReplacedPack]
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        signer: MemberID,
        number: UInt64,
        time: Int64,
        packs: [PackReference],
        fragments: [ObjectHash],
        replacements: [ReplacedPack],
        unknown: UnknownFields = UnknownFields()
    ) {
        self.repository = repository
        self.signer = signer
        self.number = number
        self.time = time
        self.packs = packs
        self.fragments = fragments
        self.replacements = replacements
        self.unknown = unknown
    }

    package init(decoding body: [UInt8]) throws(RecordError) {
        let what = Self.kind.name
        var reader = FieldReader(body, what: what, repeated: [13])
        var head = SignedHead()
        var number: UInt64 = 0
        var time: Int64 = 0
        var packs: [PackReference] = []
        var fragments: [ObjectHash] = []
        var replacements: [ReplacedPack] = []
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 5: number = try field.number()
            case 7: time = try field.signed()
            case 9: packs = try field.packReferences()
            case 11: fragments = try field.ascendingDigests()
            case 13: replacements.append(try ReplacedPack(reading: field))
            default: if try !head.take(field) { try field.requireKnown(what, keep: &unknown) }
            }
        }
        let (repository, signer) = try head.values(of: what)
        self.init(
            repository: repository,
            signer: signer,
            number: number,
            time: time,
            packs: packs,
            fragments: fragments,
            replacements: replacements,
            unknown: unknown
        )
        guard Set(replacements.map(\.old)).count == replacements.count else {
            throw RecordError(.malformed, "the prune plan replaces a pack twice")
        }
    }

    package func encodedBody() -> [UInt8] {
        var writer = FieldWriter(self)
        writer.integer(5, number)
        writer.signed(7, time)
        writer.packReferences(9, packs)
        writer.ascendingDigests(11, fragments)
        for item in replacements { writer.record(13, item.write) }
        writer.unknown(unknown)
        return writer.bytes
    }
}

/// A pack that others take the place of.
package struct ReplacedPack: Hashable, Sendable {
    /// The pack that is deleted.
    package var old: ObjectHash
    /// The packs that hold what was live in it.
    package var new: [ObjectHash]
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(old: ObjectHash, new: [ObjectHash], unknown: UnknownFields = UnknownFields()) {
        self.old = old
        self.new = new
        self.unknown = unknown
    }

    /// Reads a replacement that is a field of a plan.
    init(reading field: Field) throws(RecordError) {
        let what = "replaced pack in a prune plan"
        var reader = try field.reader(what: what, repeated: [3])
        var old: ObjectHash?
        var new: [ObjectHash] = []
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: old = try field.digest()
            case 3: new.append(try field.digest())
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(old: try required(old, "old pack", of: what), new: new, unknown: unknown)
    }

    /// Writes the replacement's fields.
    func write(to writer: inout FieldWriter) {
        writer.digest(1, old)
        writer.repeatedDigest(3, new)
        writer.unknown(unknown)
    }
}
