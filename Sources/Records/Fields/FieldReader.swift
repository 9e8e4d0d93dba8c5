/// Reads a record field by field, in the one order and form that the format permits.
///
/// Tags ascend; a tag occurs again only if the consumer declared it as repeated, or if it is an optional one that the
/// consumer does not know and merely keeps.
package struct FieldReader: Sendable {
    private var reader: ByteReader
    private let what: String
    private let repeated: TagSet
    private var lastTag: UInt64 = 0

    /// Starts at the first field; `what` names the record in messages, `repeated` are the tags that may recur.
    package init(_ bytes: [UInt8], what: String, repeated: TagSet = []) {
        self.init(bytes[...], what: what, repeated: repeated)
    }

    /// Starts at the first field of a part of an array.
    package init(_ bytes: ArraySlice<UInt8>, what: String, repeated: TagSet = []) {
        reader = ByteReader(bytes, what: what)
        self.what = what
        self.repeated = repeated
    }

    /// The next field, or nil after the last one.
    ///
    /// Throws `.malformed` for a tag out of order, an undeclared repetition, or a length beyond the record's end.
    package mutating func next() throws(RecordError) -> Field? {
        guard !reader.isAtEnd else { return nil }
        let tag = try reader.varint()
        guard tag > 0, tag >= lastTag else {
            throw RecordError(.malformed, "the \(what) has field \(tag) after field \(lastTag)")
        }
        let recurs = tag == lastTag && !repeated.contains(tag)
        // Whether an optional field may recur is known only to who knows the field; its accessors refuse it.
        guard !recurs || tag.isMultiple(of: 2) else {
            throw RecordError(.malformed, "the \(what) has field \(tag) twice")
        }
        lastTag = tag
        let value = try reader.countedBytes()
        return Field(tag: tag, value: value, what: what, isRepeated: repeated.contains(tag), recurs: recurs)
    }
}
