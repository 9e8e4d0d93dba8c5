internal import Cryptography

extension KeySlotHeader {
    /// Reads the header of a whole slot object, and checks that the sealed keyring fills the rest of it.
    ///
    /// Throws `.tooLarge`, `.malformed`, or `.unsupported` naming what a newer version wrote.
    package init(object: [UInt8]) throws(RecordError) {
        try RecordKind.slot.checkSize(object.count)
        let fields = try ObjectPrefix.fields(.slot, of: object[...])
        try self.init(fields: fields)
        var reader = ByteReader(object[fields.endIndex...], what: RecordKind.slot.name)
        let count = Int(try reader.u32())
        _ = try reader.bytes(count)
        try reader.requireEnd()
        guard kind == Self.recipientKind || object.count <= Self.maximumByteCount else {
            throw RecordError(
                .tooLarge,
                "the key slot has \(object.count) bytes; the format permits at most \(Self.maximumByteCount) for its kind"
            )
        }
    }

    /// The start of the slot object: magic number, length and fields; also what the keyring is bound to.
    ///
    /// A header that was read gives exactly the bytes that it was read from.
    package func encodedPrefix() -> [UInt8] {
        var writer = FieldWriter()
        writer.digest(1, repository)
        writer.text(2, label)
        writer.integer(3, kind)
        writer.signed(4, created)
        writer.integer(5, UInt64(suite.rawValue))
        writer.bytes(7, salt)
        writer.integer(9, scryptLog2N)
        writer.integer(11, scryptR)
        writer.integer(13, scryptP)
        writer.digest(15, commitment)
        writer.bytes(17, sealedSecret)
        writer.bytes(19, recipient)
        writer.unknown(unknown)
        return ObjectPrefix.encode(.slot, writer.bytes)
    }

    private init(fields: ArraySlice<UInt8>) throws(RecordError) {
        let what = "header of the key slot"
        var reader = FieldReader(fields, what: what)
        var repository: RepositoryID?
        var label = ""
        var kind: UInt64?
        var created: Int64 = 0
        var suite: CipherSuite?
        var salt: [UInt8]?
        var scryptLog2N: UInt64 = 0
        var scryptR: UInt64 = 0
        var scryptP: UInt64 = 0
        var commitment: Digest?
        var sealedSecret: [UInt8] = []
        var recipient: [UInt8] = []
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: repository = try field.digest()
            case 2: label = try field.text()
            case 3: kind = try field.integer()
            case 4: created = try field.signed()
            case 5: suite = try field.suite()
            case 7: salt = try field.bytes(exactly: 32)
            case 9: scryptLog2N = try field.integer()
            case 11: scryptR = try field.integer()
            case 13: scryptP = try field.integer()
            case 15: commitment = try field.digest()
            case 17: sealedSecret = try field.bytes(exactly: 80)
            case 19: recipient = try field.bytes(exactly: 8)
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(
            repository: try required(repository, "repository id", of: what),
            label: label,
            kind: try required(kind, "kind", of: what),
            created: created,
            suite: try required(suite, "cipher suite", of: what),
            salt: try required(salt, "salt", of: what),
            scryptLog2N: scryptLog2N,
            scryptR: scryptR,
            scryptP: scryptP,
            commitment: try required(commitment, "commitment", of: what),
            sealedSecret: sealedSecret,
            recipient: recipient,
            unknown: unknown
        )
        try validate()
    }
}
