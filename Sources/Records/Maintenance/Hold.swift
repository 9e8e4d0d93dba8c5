/// Snapshots that are put on hold, or released: what is on hold is not forgotten by anybody.
package struct Hold: SignedBody {
    package static var kind: RecordKind { .hold }

    package var repository: RepositoryID
    package var signer: MemberID
    /// The record's number.
    package var number: UInt64
    /// When the signer says it was written, nanoseconds since 1970-01-01 UTC.
    package var time: Int64
    /// Commits that are on hold from now on, ascending.
    package var held: [ObjectHash]
    /// Commits of which earlier records no longer hold, ascending.
    package var released: [ObjectHash]
    /// When the hold ends by itself, nanoseconds since 1970-01-01 UTC; 0 if it does not.
    package var until: Int64
    /// Why.
    package var reason: String
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        signer: MemberID,
        number: UInt64,
        time: Int64,
        held: [ObjectHash],
        released: [ObjectHash] = [],
        until: Int64 = 0,
        reason: String = "",
        unknown: UnknownFields = UnknownFields()
    ) {
        self.repository = repository
        self.signer = signer
        self.number = number
        self.time = time
        self.held = held
        self.released = released
        self.until = until
        self.reason = reason
        self.unknown = unknown
    }

    package init(decoding body: [UInt8]) throws(RecordError) {
        let what = Self.kind.name
        var reader = FieldReader(body, what: what)
        var head = SignedHead()
        var number: UInt64 = 0
        var time: Int64 = 0
        var held: [ObjectHash] = []
        var released: [ObjectHash] = []
        var until: Int64 = 0
        var reason = ""
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 5: number = try field.number()
            case 7: time = try field.signed()
            case 9: held = try field.ascendingDigests()
            case 11: released = try field.ascendingDigests()
            case 13: until = try field.signed()
            case 14: reason = try field.text()
            default: if try !head.take(field) { try field.requireKnown(what, keep: &unknown) }
            }
        }
        let (repository, signer) = try head.values(of: what)
        self.init(
            repository: repository,
            signer: signer,
            number: number,
            time: time,
            held: held,
            released: released,
            until: until,
            reason: reason,
            unknown: unknown
        )
    }

    package func encodedBody() -> [UInt8] {
        var writer = FieldWriter(self)
        writer.integer(5, number)
        writer.signed(7, time)
        writer.ascendingDigests(9, held)
        writer.ascendingDigests(11, released)
        writer.signed(13, until)
        writer.text(14, reason)
        writer.unknown(unknown)
        return writer.bytes
    }
}
