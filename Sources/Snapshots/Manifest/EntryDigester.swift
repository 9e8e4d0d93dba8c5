internal import Cryptography
internal import Records

/// Computes E, the digest of an entry's name, metadata and content, from its encoded fields (format.md §12.2).
struct EntryDigester: ~Copyable {
    private static let prefix = Array("holdfast/v1/entry\0".utf8)

    private var message: [UInt8] = prefix
    private var hash: SHA256

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
        var reader = ByteReader(fields, what: "entry")
        var runStart = fields.startIndex
        while !reader.isAtEnd {
            let start = fields.endIndex - reader.remaining
            let tag = try reader.varint()
            let value = try reader.countedBytes()
            guard tag == EntryTag.storedAttributes || EntryTag.isOutsideDigest(tag) else { continue }
            message.append(contentsOf: fields[runStart..<start])
            if tag == EntryTag.storedAttributes { try appendHash(ofStoredAttributes: value) }
            runStart = value.endIndex
        }
        message.append(contentsOf: fields[runStart...])
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

    init() throws {
        hash = try SHA256()
    }

    /// Takes the text that tells one kind of chain from another.
    func begin(with text: [UInt8]) throws {
        try unsafe hash.update(text.span.bytes)
    }

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
