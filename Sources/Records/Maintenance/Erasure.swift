/// Parts of chunks that an owner has erased: where they stood, other chunks or holes stand now.
package struct Erasure: SignedBody {
    package static var kind: RecordKind { .erasure }

    package var repository: RepositoryID
    package var signer: MemberID
    /// The erasure's number.
    package var number: UInt64
    /// When the signer says it was written, nanoseconds since 1970-01-01 UTC.
    package var time: Int64
    /// The chunks of which something is erased.
    package var replacements: [ErasedChunk]
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        signer: MemberID,
        number: UInt64,
        time: Int64,
        replacements: [ErasedChunk],
        unknown: UnknownFields = UnknownFields()
    ) {
        self.repository = repository
        self.signer = signer
        self.number = number
        self.time = time
        self.replacements = replacements
        self.unknown = unknown
    }

    package init(decoding body: [UInt8]) throws(RecordError) {
        let what = Self.kind.name
        var reader = FieldReader(body, what: what, repeated: [9])
        var head = SignedHead()
        var number: UInt64 = 0
        var time: Int64 = 0
        var replacements: [ErasedChunk] = []
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 5: number = try field.number()
            case 7: time = try field.signed()
            case 9: replacements.append(try ErasedChunk(reading: field))
            default: if try !head.take(field) { try field.requireKnown(what, keep: &unknown) }
            }
        }
        let (repository, signer) = try head.values(of: what)
        self.init(
            repository: repository,
            signer: signer,
            number: number,
            time: time,
            replacements: replacements,
            unknown: unknown
        )
        guard Set(replacements.map(\.chunk)).count == replacements.count else {
            throw RecordError(.malformed, "the erasure names a chunk twice")
        }
    }

    package func encodedBody() -> [UInt8] {
        var writer = FieldWriter(self)
        writer.integer(5, number)
        writer.signed(7, time)
        for item in replacements { writer.record(9, item.write) }
        writer.unknown(unknown)
        return writer.bytes
    }
}
