internal import Cryptography
internal import Records

/// Computes E, the digest of an entry's name, metadata and content, from its encoded fields (format.md §12.2).
struct EntryDigester: ~Copyable {
    private static let prefix = Array("holdfast/v1/entry\0".utf8)

    private var message: [UInt8] = prefix
    private var hash: SHA256

    /// A digester that is used for one entry after another.
    init() throws {
        hash = try SHA256()
    }

    /// E of an entry of any kind but a directory end, whose digest is D.
    mutating func digest(
        _ kind: EntryKind,
        name: ArraySlice<UInt8>,
        fields: ArraySlice<UInt8>
    ) throws -> Digest {
        message.removeSubrange(Self.prefix.count...)
        message.append(kind.rawValue)
        Varint.append(UInt64(name.count), to: &message)
        message.append(contentsOf: name)
        try appendFields(fields)
        // A second name for the array, since a span of a property would keep all of self from changing.
        let bytes = message
        try unsafe hash.update(bytes.span.bytes)
        return try hash.finalize()
    }

    /// Adds what the fields say of the entry itself: all that is not outside the digest, in runs as long as possible.
    private mutating func appendFields(_ fields: ArraySlice<UInt8>) throws {
        var runStart = fields.startIndex
        var position = runStart
        while position < fields.endIndex {
            let start = position
            let (tag, valueStart, valueEnd) = try Self.field(in: fields, at: position)
            position = valueEnd
            guard tag == EntryTag.storedAttributes || EntryTag.isOutsideDigest(tag) else { continue }
            message.append(contentsOf: fields[runStart..<start])
            if tag == EntryTag.storedAttributes { try appendHash(ofStoredAttributes: fields[valueStart..<valueEnd]) }
            runStart = valueEnd
        }
        message.append(contentsOf: fields[runStart...])
    }

    /// Where the field at a position lies.
    ///
    /// Nearly all tags and lengths are single bytes, which need no reader.
    private static func field(
        in fields: ArraySlice<UInt8>,
        at position: Int
    ) throws -> (tag: UInt64, valueStart: Int, valueEnd: Int) {
        if fields.endIndex - position >= 2, fields[position] < 0x80, fields[position + 1] < 0x80 {
            let valueEnd = position + 2 + Int(fields[position + 1])
            if valueEnd <= fields.endIndex { return (UInt64(fields[position]), position + 2, valueEnd) }
        }
        var reader = ByteReader(fields[position...], what: "entry")
        let tag = try reader.varint()
        let value = try reader.countedBytes()
        return (tag, value.startIndex, value.endIndex)
    }

    /// Field 29 reduced to its field 1: what the attributes are, not where they are stored.
    private mutating func appendHash(ofStoredAttributes value: ArraySlice<UInt8>) throws {
        var reader = FieldReader(value, what: "attributes")
        while let field = try reader.next() {
            guard field.tag == 1 else { continue }
            message.appendFieldHeader(EntryTag.storedAttributes, length: 2 + Digest.byteCount)
            message.appendField(1, digest: try field.digest())
        }
    }
}

/// The digest of a sequence of digests, and of a text before them.
final class DigestChain {
    private var hash: SHA256
    private var scratch = [UInt8](repeating: 0, count: Digest.byteCount)

    /// An empty chain.
    init() throws {
        hash = try SHA256()
    }

    /// Takes the text that tells one kind of chain from another.
    func begin(with text: [UInt8]) throws {
        try unsafe hash.update(text.span.bytes)
    }

    /// Takes the next digest.
    func add(_ digest: Digest) throws {
        digest.copy(into: &scratch, at: 0)
        let bytes = scratch
        try unsafe hash.update(bytes.span.bytes)
    }

    /// The digest of all since the last call; the chain is empty again.
    func finish() throws -> Digest {
        try hash.finalize()
    }
}
