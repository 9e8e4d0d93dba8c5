/// How long the policy wants snapshots to be kept, whatever a manager's own rules say.
package struct RetentionLimits: Hashable, Sendable {
    /// Snapshots younger than this are not forgotten, days; 0 if there is no bound.
    package var leastDays: UInt64
    /// Snapshots older than this are to be forgotten, days; 0 if there is no bound.
    package var mostDays: UInt64
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together; without arguments there are no limits.
    package init(leastDays: UInt64 = 0, mostDays: UInt64 = 0, unknown: UnknownFields = UnknownFields()) {
        self.leastDays = leastDays
        self.mostDays = mostDays
        self.unknown = unknown
    }

    /// Reads limits that are a field of a policy.
    init(reading field: Field) throws(RecordError) {
        self.init()
        let what = "retention limits in a policy"
        guard !field.value.isEmpty else { throw field.malformed("is empty, and so should be left out") }
        var reader = try field.reader(what: what)
        while let field = try reader.next() {
            switch field.tag {
            case 2: leastDays = try field.integer()
            case 4: mostDays = try field.integer()
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
    }

    /// The limits' fields; none if there are no limits.
    func encoded() -> [UInt8] {
        var writer = FieldWriter()
        writer.integer(2, leastDays)
        writer.integer(4, mostDays)
        writer.unknown(unknown)
        return writer.bytes
    }
}
