/// One entry of a member's log of what was done.
package struct AuditEntry: SignedBody {
    package static var kind: RecordKind { .audit }

    package var repository: RepositoryID
    package var signer: MemberID
    /// The entry's number among the member's.
    package var number: UInt64
    /// The SHA-256 of the member's entry object before; nil in the first.
    package var previous: ObjectHash?
    /// When the signer says it was written, nanoseconds since 1970-01-01 UTC.
    package var time: Int64
    /// What was done.
    package var event: String
    /// More about it, in order.
    package var details: [AuditDetail]
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        signer: MemberID,
        number: UInt64,
        previous: ObjectHash?,
        time: Int64,
        event: String,
        details: [AuditDetail],
        unknown: UnknownFields = UnknownFields()
    ) {
        self.repository = repository
        self.signer = signer
        self.number = number
        self.previous = previous
        self.time = time
        self.event = event
        self.details = details
        self.unknown = unknown
    }

    package init(decoding body: [UInt8]) throws(RecordError) {
        let what = Self.kind.name
        var reader = FieldReader(body, what: what, repeated: [12])
        var head = SignedHead()
        var number: UInt64 = 0
        var previous: ObjectHash?
        var time: Int64 = 0
        var event: String?
        var details: [AuditDetail] = []
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 5: number = try field.number()
            case 7: previous = try field.digest()
            case 9: time = try field.signed()
            case 11: event = try field.text()
            case 12: details.append(try AuditDetail(reading: field))
            default: if try !head.take(field) { try field.requireKnown(what, keep: &unknown) }
            }
        }
        let (repository, signer) = try head.values(of: what)
        self.init(
            repository: repository,
            signer: signer,
            number: number,
            previous: previous,
            time: time,
            event: try required(event, "event", of: what),
            details: details,
            unknown: unknown
        )
    }

    package func encodedBody() -> [UInt8] {
        var writer = FieldWriter(self)
        writer.integer(5, number)
        writer.digest(7, previous)
        writer.signed(9, time)
        writer.text(11, event)
        for item in details { writer.record(12, item.write) }
        writer.unknown(unknown)
        return writer.bytes
    }
}

/// One detail of an audit entry.
package struct AuditDetail: Hashable, Sendable {
    /// What the value is.
    package var name: String
    /// The value.
    package var value: String
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together; the name is not empty.
    package init(name: String, value: String, unknown: UnknownFields = UnknownFields()) {
        self.name = name
        self.value = value
        self.unknown = unknown
    }

    /// Reads a detail that is a field of an entry.
    init(reading field: Field) throws(RecordError) {
        let what = "detail of an audit entry"
        var reader = try field.reader(what: what)
        var name: String?
        var value = ""
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: name = try field.text()
            case 2: value = try field.text()
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(name: try required(name, "name", of: what), value: value, unknown: unknown)
    }

    /// Writes the detail's fields.
    func write(to writer: inout FieldWriter) {
        writer.text(1, name)
        writer.text(2, value)
        writer.unknown(unknown)
    }
}
