/// A chunk of which something is erased.
package struct ErasedChunk: Hashable, Sendable {
    /// The chunk as manifests name it.
    package var chunk: ChunkID
    /// The erased ranges, ascending and apart.
    package var ranges: [ErasedRange]
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(chunk: ChunkID, ranges: [ErasedRange], unknown: UnknownFields = UnknownFields()) {
        self.chunk = chunk
        self.ranges = ranges
        self.unknown = unknown
    }

    /// Reads a chunk that is a field of an erasure.
    init(reading field: Field) throws(RecordError) {
        let what = "replacement in an erasure"
        var reader = try field.reader(what: what, repeated: [3])
        var chunk: ChunkID?
        var ranges: [ErasedRange] = []
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: chunk = try field.digest()
            case 3:
                let range = try ErasedRange(reading: field)
                guard ranges.last.map({ $0.offset + $0.length <= range.offset }) ?? true else {
                    throw RecordError(.malformed, "the \(what) has ranges that overlap or are out of order")
                }
                ranges.append(range)
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(chunk: try required(chunk, "chunk id", of: what), ranges: ranges, unknown: unknown)
    }

    /// Writes the chunk's fields.
    func write(to writer: inout FieldWriter) {
        writer.digest(1, chunk)
        for range in ranges { writer.record(3, range.write) }
        writer.unknown(unknown)
    }
}

/// A range of a chunk that is erased.
package struct ErasedRange: Hashable, Sendable {
    /// Where the range begins in the chunk, bytes.
    package var offset: UInt64
    /// How long the range is, bytes; above zero.
    package var length: UInt64
    /// The chunk that stands there now, of the same length; nil for a hole.
    package var replacement: ChunkID?
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        offset: UInt64,
        length: UInt64,
        replacement: ChunkID?,
        unknown: UnknownFields = UnknownFields()
    ) {
        self.offset = offset
        self.length = length
        self.replacement = replacement
        self.unknown = unknown
    }

    /// Reads a range that is a field of a replacement.
    init(reading field: Field) throws(RecordError) {
        let what = "range in an erasure"
        var reader = try field.reader(what: what)
        var offset: UInt64 = 0
        var length: UInt64?
        var replacement: ChunkID?
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: offset = try field.integer()
            case 3: length = try field.integer()
            case 5: replacement = try field.digest()
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(
            offset: offset,
            length: try required(length, "length", of: what),
            replacement: replacement,
            unknown: unknown
        )
        guard !self.offset.addingReportingOverflow(self.length).overflow else {
            throw RecordError(.malformed, "the \(what) ends beyond 64 bits")
        }
    }

    /// Writes the range's fields.
    func write(to writer: inout FieldWriter) {
        writer.integer(1, offset)
        writer.integer(3, length)
        writer.digest(5, replacement)
        writer.unknown(unknown)
    }
}
