package import Cryptography

/// Whole objects that hold a signed record: magic number, length, body, Ed25519 signature.
package enum SignedRecord {
    private static let context = Array("holdfast/v1/signed\0".utf8)
    private static let headByteCount = RecordKind.magicByteCount + 4

    /// Signs a body, and gives the whole object.
    ///
    /// Throws `.unknownSigner` if the body names another member than the key's, `.tooLarge` if the object would exceed
    /// the bound of its kind, `.malformed` if no reader would accept the body, and `CryptographyError` if signing fails.
    package static func sign<Body: SignedBody>(_ body: Body, with key: borrowing SigningKey) throws -> [UInt8] {
        let kind = Body.kind
        guard try body.signer == MemberID(of: key.publicKey) else {
            throw RecordError(.unknownSigner, "the \(kind.name) is to be signed by another member than it names")
        }
        let encoded = body.encodedBody()
        let byteCount = headByteCount + encoded.count + VerifyingKey.signatureByteCount
        try kind.checkSize(byteCount)
        // What is written is never overwritten: a record that could not be read again must not be made.
        guard try Body(decoding: encoded) == body else {
            throw RecordError(.malformed, "the \(kind.name) would not be read as it was written")
        }
        var object: [UInt8] = []
        object.reserveCapacity(byteCount)
        object += kind.magic
        appendLittleEndian(UInt32(encoded.count), to: &object)
        object += encoded
        object += try unsafe key.sign(message(kind, body.repository, encoded[...]).span.bytes)
        return object
    }

    /// Checks an object and gives its body.
    ///
    /// The signature is checked before any field is read. Throws `.tooLarge`, `.malformed`, `.unsupported`,
    /// `.badSignature`, or `.unknownSigner` if the body names another member than the key's.
    package static func body<Body: SignedBody>(
        _ type: Body.Type,
        of object: [UInt8],
        signedBy key: VerifyingKey,
        repository: RepositoryID
    ) throws -> Body {
        let kind = Body.kind
        let encoded = try bodyBytes(of: object, kind: kind)
        let signature = Array(object.suffix(VerifyingKey.signatureByteCount))
        guard unsafe key.isValid(signature: signature.span.bytes, for: message(kind, repository, encoded).span.bytes)
        else {
            throw RecordError(
                .badSignature,
                "the signature of the \(kind.name) is not that of the expected member in this repository"
            )
        }
        let body = try Body(decoding: Array(encoded))
        guard body.repository == repository else {
            throw RecordError(.malformed, "the \(kind.name) belongs to repository \(body.repository.hex)")
        }
        guard try body.signer == MemberID(of: key) else {
            throw RecordError(.unknownSigner, "the \(kind.name) names member \(body.signer.hex), who did not sign it")
        }
        return body
    }

    /// Whether an object is of a kind and bears a key's signature; its body may still be one that nobody can read.
    package static func isSigned(
        _ object: [UInt8],
        kind: RecordKind,
        by key: VerifyingKey,
        repository: RepositoryID
    ) -> Bool {
        guard let encoded = try? bodyBytes(of: object, kind: kind) else { return false }
        let signature = Array(object.suffix(VerifyingKey.signatureByteCount))
        return unsafe key.isValid(signature: signature.span.bytes, for: message(kind, repository, encoded).span.bytes)
    }

    /// The member that an object says has signed it, to find the key; proves nothing.
    package static func signer(of object: [UInt8], kind: RecordKind) throws(RecordError) -> MemberID {
        var reader = FieldReader(try bodyBytes(of: object, kind: kind), what: kind.name)
        var head = SignedHead()
        while let field = try reader.next(), try head.take(field) {}
        return try head.values(of: kind.name).signer
    }

    /// The body's bytes, after the object's size, magic number and length were checked.
    private static func bodyBytes(of object: [UInt8], kind: RecordKind) throws(RecordError) -> ArraySlice<UInt8> {
        try kind.checkSize(object.count)
        try kind.checkMagic(of: object[...])
        var reader = ByteReader(object.dropFirst(RecordKind.magicByteCount), what: kind.name)
        let count = Int(try reader.u32())
        let body = try reader.bytes(count)
        _ = try reader.bytes(VerifyingKey.signatureByteCount)
        try reader.requireEnd()
        return body
    }

    private static func message(_ kind: RecordKind, _ repository: RepositoryID, _ body: ArraySlice<UInt8>) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(context.count + RecordKind.magicByteCount + Digest.byteCount + body.count)
        message += context
        message += kind.magic
        repository.append(to: &message)
        message += body
        return message
    }
}

/// Adds an integer of fixed width, least significant byte first.
func appendLittleEndian<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value, to buffer: inout [UInt8]) {
    for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
        buffer.append(UInt8(truncatingIfNeeded: value >> Value(shift)))
    }
}
