package import Cryptography
package import Records

/// What somebody who wants to become a member hands to an owner: one line of text (format.md §5.4).
///
/// It holds nothing secret. Its own signature shows that whoever made it has the seed, and ties the two public keys, the
/// name and the repository together.
package struct MemberRequest: Hashable, Sendable {
    /// The repository.
    package var repository: RepositoryID
    /// The owner that signs policy 0, as the applicant's side has seen it.
    package var rootOwner: VerifyingKey
    /// What the member wants to be called.
    package var name: String
    /// The key that will check the member's signatures.
    package var key: VerifyingKey
    /// The key that the member's keyring will be sealed to.
    package var agreementKey: AgreementPublicKey

    private static let prefix = "holdfast-member-request-1:"
    private static let context = Array("holdfast/v1/member-request\0".utf8)
    /// Longest name, bytes of UTF-8.
    private static let maximumNameByteCount = 128

    /// The request of the holder of a key file.
    ///
    /// - Throws: `RepositoryError.invalidRequest` for a name that cannot be one.
    package init(_ file: borrowing MemberKeyFile, name: String) throws {
        try MemberRequest.validate(name: name)
        let signing = try SigningKey(seed: file.seed)
        let agreement = try AgreementKey(memberSeed: file.seed, repository: file.repository)
        repository = file.repository
        rootOwner = file.rootOwner
        self.name = name
        key = signing.publicKey
        agreementKey = agreement.publicKey
    }

    /// Refuses names that are empty, too long, or would garble a listing.
    package static func validate(name: String) throws {
        guard !name.isEmpty, name.utf8.count <= maximumNameByteCount,
            !name.unicodeScalars.contains(where: { $0.value < 0x21 || $0.value == 0x7f })
        else {
            throw RepositoryError(
                .invalidRequest,
                "\(name.debugDescription) cannot be a name: 1 to \(maximumNameByteCount) bytes, without blanks and "
                    + "control characters"
            )
        }
    }

    private var body: [UInt8] {
        var fields = FieldWriter()
        fields.digest(1, repository)
        fields.digest(3, rootOwner.bytes)
        fields.text(5, name)
        fields.digest(7, key.bytes)
        fields.digest(9, agreementKey.bytes)
        return fields.bytes
    }

    /// The line, signed by the seed in the key file.
    package func text(signedWith file: borrowing MemberKeyFile) throws -> String {
        let body = self.body
        let message = MemberRequest.context + body
        let signature = try unsafe SigningKey(seed: file.seed).sign(message.span.bytes)
        let signed = body + signature
        let check = try unsafe SHA256.hash(signed.span.bytes).bytes.prefix(4)
        let whole = signed + check
        return MemberRequest.prefix + (unsafe Hex.encode(whole.span.bytes))
    }

    /// Reads a line, with white space around it or not.
    ///
    /// - Throws: `RepositoryError.invalidRequest` saying what is wrong with it.
    package init(parsing text: String) throws {
        func refuse(_ what: String) -> RepositoryError { RepositoryError(.invalidRequest, "the request \(what)") }
        let line = text.split(whereSeparator: \.isWhitespace).joined()
        guard line.hasPrefix(MemberRequest.prefix), line.utf8.count <= 4096 else {
            throw refuse("is none: it begins with \"\(MemberRequest.prefix)\" (holdfast member join prints it)")
        }
        let broken = refuse("does not pass its check: it was mistyped or cut short; copy the whole line")
        guard let bytes = Hex.decode(String(line.dropFirst(MemberRequest.prefix.count))), bytes.count > 68 else {
            throw broken
        }
        let checked = Array(bytes.dropLast(4))
        let check = try unsafe SHA256.hash(checked.span.bytes).bytes.prefix(4)
        guard check.elementsEqual(bytes.suffix(4)) else { throw broken }
        let body = Array(bytes.dropLast(68))
        let signature = Array(bytes.dropLast(4).suffix(64))
        var reader = FieldReader(body, what: "member request")
        var (digests, name, unknown): ([UInt64: Digest], String, UnknownFields) = ([:], "", UnknownFields())
        while let field = try reader.next() {
            switch field.tag {
            case 1, 3, 7, 9: digests[field.tag] = try field.digest()
            case 5: name = try field.text()
            default: try field.requireKnown("member request", keep: &unknown)
            }
        }
        guard let repository = digests[1], let owner = digests[3], let key = digests[7], let agreement = digests[9]
        else {
            throw refuse("lacks one of its parts")
        }
        try MemberRequest.validate(name: name)
        self.repository = repository
        rootOwner = VerifyingKey(owner)
        self.name = name
        self.key = VerifyingKey(key)
        agreementKey = AgreementPublicKey(agreement)
        let message = MemberRequest.context + body
        guard unsafe self.key.isValid(signature: signature.span.bytes, for: message.span.bytes) else {
            throw refuse("is not signed by the key that it names: it was altered")
        }
    }
}
