/// The root page of a manifest.
package struct PageReference: Hashable, Sendable {
    /// The highest level that a page may have: a manifest is at most eight levels high, and a leaf is at level 0.
    package static let maximumLevel: UInt64 = 7

    /// The page's chunk.
    package var chunk: ChunkID
    /// The page's level; 0 is a leaf.
    package var level: UInt64
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(chunk: ChunkID, level: UInt64, unknown: UnknownFields = UnknownFields()) {
        self.chunk = chunk
        self.level = level
        self.unknown = unknown
    }

    /// Reads a page reference that is a field of a record.
    init(reading field: Field) throws(RecordError) {
        let what = "root page"
        var reader = try field.reader(what: what)
        var chunk: ChunkID?
        var level: UInt64 = 0
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: chunk = try field.digest()
            case 3:
                level = try field.integer()
                guard level <= Self.maximumLevel else { throw field.malformed("is level \(level), which is too high") }
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(chunk: try required(chunk, "chunk id", of: what), level: level, unknown: unknown)
    }

    /// Writes the reference's fields.
    func write(to writer: inout FieldWriter) {
        writer.digest(1, chunk)
        writer.integer(3, level)
        writer.unknown(unknown)
    }
}
