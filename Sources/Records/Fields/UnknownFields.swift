/// Optional fields that this version does not know, kept so that a record written again still has them.
///
/// They are kept in the form in which they were read, so they take no more memory than the record did.
package struct UnknownFields: Hashable, Sendable {
    /// The fields as they stood in the record, tags ascending.
    private(set) var encoded: [UInt8] = []

    /// No fields.
    package init() {}

    /// Whether there are none.
    package var isEmpty: Bool { encoded.isEmpty }

    /// The tags that are kept, ascending; a repeated one as often as it occurred.
    package var tags: [UInt64] {
        var tags: [UInt64] = []
        var reader = FieldReader(encoded, what: "kept fields")
        // They were read once before, so reading them again finds nothing wrong.
        while let field = try? reader.next() { tags.append(field.tag) }
        return tags
    }

    /// The values that a tag has, in order.
    package func values(of tag: UInt64) -> [ArraySlice<UInt8>] {
        var values: [ArraySlice<UInt8>] = []
        var reader = FieldReader(encoded, what: "kept fields")
        while let field = try? reader.next() {
            if field.tag == tag { values.append(field.value) }
        }
        return values
    }

    /// Adds a field; its tag is not below those kept before.
    mutating func keep(_ tag: UInt64, _ value: ArraySlice<UInt8>) {
        Varint.append(tag, to: &encoded)
        Varint.append(UInt64(value.count), to: &encoded)
        encoded += value
    }
}
