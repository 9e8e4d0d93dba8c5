package import Cryptography

/// A content key on its way to those who may open it.
package struct KeyBox: Hashable, Sendable {
    /// The most recipients that a box may have.
    package static let maximumRecipientCount = 32

    /// What the key encrypts: 1 data, 2 metadata.
    package var purpose: UInt64
    /// The key's commitment, compared before the key is used.
    package var commitment: Digest
    /// The key, sealed to each recipient.
    package var recipients: [KeyBoxRecipient]
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        purpose: UInt64,
        commitment: Digest,
        recipients: [KeyBoxRecipient],
        unknown: UnknownFields = UnknownFields()
    ) {
        self.purpose = purpose
        self.commitment = commitment
        self.recipients = recipients
        self.unknown = unknown
    }

    /// Reads the nested fields of a box; throws `.malformed`, `.unsupported` for another purpose, or `.tooLarge`.
    package init(decoding bytes: [UInt8]) throws(RecordError) {
        try self.init(FieldReader(bytes, what: Self.what, repeated: [5]))
    }

    /// Reads a box that is a field of a record.
    init(reading field: Field) throws(RecordError) {
        try self.init(field.reader(what: Self.what, repeated: [5]))
    }

    private static let what = "key box"

    private init(_ fields: FieldReader) throws(RecordError) {
        var reader = fields
        var purpose: UInt64?
        var commitment: Digest?
        var recipients: [KeyBoxRecipient] = []
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1:
                let value = try field.integer()
                guard value <= 2 else {
                    throw field.unsupported("names purpose \(value), which this version does not know")
                }
                purpose = value
            case 3: commitment = try field.digest()
            case 5:
                guard recipients.count < Self.maximumRecipientCount else {
                    throw RecordError(.tooLarge, "the key box has more than \(Self.maximumRecipientCount) recipients")
                }
                recipients.append(try KeyBoxRecipient(reading: field))
            default: try field.requireKnown(Self.what, keep: &unknown)
            }
        }
        self.init(
            purpose: try required(purpose, "purpose", of: Self.what),
            commitment: try required(commitment, "commitment", of: Self.what),
            recipients: recipients,
            unknown: unknown
        )
    }

    /// The box's fields.
    package func encoded() -> [UInt8] {
        var writer = FieldWriter()
        writer.integer(1, purpose)
        writer.digest(3, commitment)
        for recipient in recipients { writer.record(5, recipient.write) }
        writer.unknown(unknown)
        return writer.bytes
    }
}

/// A content key sealed to one recipient with HPKE.
package struct KeyBoxRecipient: Hashable, Sendable {
    /// The first 8 bytes of SHA-256 over the recipient's public key: tells which private key to try.
    package var recipient: [UInt8]
    /// HPKE's encapsulated key, 32 bytes.
    package var encapsulatedKey: [UInt8]
    /// HPKE's ciphertext of the 32-byte key with its tag, 48 bytes.
    package var ciphertext: [UInt8]
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        recipient: [UInt8],
        encapsulatedKey: [UInt8],
        ciphertext: [UInt8],
        unknown: UnknownFields = UnknownFields()
    ) {
        self.recipient = recipient
        self.encapsulatedKey = encapsulatedKey
        self.ciphertext = ciphertext
        self.unknown = unknown
    }

    /// Reads a recipient that is a field of a box.
    init(reading field: Field) throws(RecordError) {
        let what = "recipient of a key box"
        var reader = try field.reader(what: what)
        var recipient: [UInt8]?
        var encapsulatedKey: [UInt8]?
        var ciphertext: [UInt8]?
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: recipient = try field.bytes(exactly: 8)
            case 3: encapsulatedKey = try field.bytes(exactly: 32)
            case 5: ciphertext = try field.bytes(exactly: 48)
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(
            recipient: try required(recipient, "short key id", of: what),
            encapsulatedKey: try required(encapsulatedKey, "encapsulated key", of: what),
            ciphertext: try required(ciphertext, "ciphertext", of: what),
            unknown: unknown
        )
    }

    /// Writes the recipient's fields.
    func write(to writer: inout FieldWriter) {
        writer.bytes(1, recipient)
        writer.bytes(3, encapsulatedKey)
        writer.bytes(5, ciphertext)
        writer.unknown(unknown)
    }
}
