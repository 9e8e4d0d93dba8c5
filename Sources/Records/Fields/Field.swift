package import Cryptography

/// One field of a record: a tag, and bytes whose meaning the consumer knows by the tag.
///
/// Each accessor reads the value as one type of the format and throws `.malformed` if it is something else: one value
/// has one encoding, and a zero or empty value is left out unless the tag is repeated.
package struct Field: Sendable {
    /// The number that says what the field is.
    package let tag: UInt64
    /// The value's bytes, unchecked.
    package let value: ArraySlice<UInt8>
    private let what: String
    private let isRepeated: Bool
    private let recurs: Bool

    /// Takes a field as read: whether its tag is declared as repeated, and whether it recurs without that.
    init(tag: UInt64, value: ArraySlice<UInt8>, what: String, isRepeated: Bool, recurs: Bool) {
        self.tag = tag
        self.value = value
        self.what = what
        self.isRepeated = isRepeated
        self.recurs = recurs
    }

    /// The value as an unsigned integer.
    package func integer() throws(RecordError) -> UInt64 {
        let bytes = try present()
        // Most numbers in records take one byte.
        if bytes.count == 1, let byte = bytes.first, (1..<0x80).contains(byte) { return UInt64(byte) }
        var reader = ByteReader(bytes, what: what)
        let value = try reader.varint()
        guard reader.isAtEnd else { throw malformed("has bytes after its number") }
        guard value != 0 || isRepeated else { throw malformed("is zero, and so should be left out") }
        return value
    }

    /// The value as an unsigned integer of at most 32 bits.
    package func integer32() throws(RecordError) -> UInt32 {
        let value = try integer()
        guard let narrow = UInt32(exactly: value) else { throw malformed("is \(value), which exceeds 32 bits") }
        return narrow
    }

    /// The value as a signed integer.
    package func signed() throws(RecordError) -> Int64 {
        Varint.unzigzag(try integer())
    }

    /// The value as bytes of any length.
    package func bytes() throws(RecordError) -> [UInt8] {
        Array(try present())
    }

    /// The value as exactly so many bytes.
    package func bytes(exactly count: Int) throws(RecordError) -> [UInt8] {
        Array(try slice(exactly: count))
    }

    /// The value as 32 bytes.
    package func digest() throws(RecordError) -> Digest {
        var reader = ByteReader(try slice(exactly: Digest.byteCount), what: what)
        return try reader.digest()
    }

    /// The value as text, which must be UTF-8.
    package func text() throws(RecordError) -> String {
        guard let text = String(validating: try present(), as: UTF8.self) else { throw malformed("is not UTF-8") }
        return text
    }

    /// The value as an identifier of 16 bytes.
    package func identifier<Kind>() throws(RecordError) -> Identifier<Kind> {
        guard let identifier = Identifier<Kind>(try slice(exactly: Identifier<Kind>.byteCount)) else {
            throw malformed("is not \(Identifier<Kind>.byteCount) bytes")
        }
        return identifier
    }

    /// The value as an incarnation of 8 bytes.
    package func incarnation() throws(RecordError) -> Incarnation {
        guard let incarnation = Incarnation(try slice(exactly: Incarnation.byteCount)) else {
            throw malformed("is not \(Incarnation.byteCount) bytes")
        }
        return incarnation
    }

    /// The value as nested fields, perhaps none; `what` names the nested record in messages.
    package func reader(what: String, repeated: TagSet = []) throws(RecordError) -> FieldReader {
        guard !recurs else { throw malformed("occurs twice") }
        return FieldReader(value, what: what, repeated: repeated)
    }

    /// Deals with a tag that the consumer does not know: keeps an optional field, refuses a critical one.
    ///
    /// Throws `.unsupported`, naming the record and the tag, if the tag is odd.
    package func requireKnown(_ what: String, keep unknown: inout UnknownFields) throws(RecordError) {
        guard tag.isMultiple(of: 2) else {
            throw RecordError(
                .unsupported,
                "the \(what) has field \(tag), which this version does not know and must not ignore; "
                    + "use a newer version of the program"
            )
        }
        unknown.keep(tag, value)
    }

    /// An error about this field: "field 5 of the commit" and what is wrong with it.
    func malformed(_ complaint: String) -> RecordError {
        RecordError(.malformed, "field \(tag) of the \(what) \(complaint)")
    }

    /// An error about a value that a later version may give a meaning.
    func unsupported(_ complaint: String) -> RecordError {
        RecordError(.unsupported, "field \(tag) of the \(what) \(complaint); use a newer version of the program")
    }

    /// The value, if it is one that may stand here: neither an undeclared repetition nor one to be left out.
    func present() throws(RecordError) -> ArraySlice<UInt8> {
        guard !recurs else { throw malformed("occurs twice") }
        guard isRepeated || !value.isEmpty else { throw malformed("is empty, and so should be left out") }
        return value
    }

    private func slice(exactly count: Int) throws(RecordError) -> ArraySlice<UInt8> {
        let value = try present()
        guard value.count == count else { throw malformed("has \(value.count) bytes instead of \(count)") }
        return value
    }
}
