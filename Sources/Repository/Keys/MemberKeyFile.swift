package import Cryptography
package import Records

/// The text of a member's key file (format.md §5.3): its seed, and what it needs to know its repository by.
///
/// The keys of its role are not in it: they lie in a slot that is sealed to the member, so that owners can renew them.
package struct MemberKeyFile: ~Copyable {
    /// The repository.
    package let repository: RepositoryID
    /// The owner that signs policy 0: whoever controls the storage cannot show the member another repository.
    package let rootOwner: VerifyingKey
    /// The member's Ed25519 seed, 32 bytes.
    package let seed: Secret

    private static let kind = "holdfast-member"

    /// Puts the parts together.
    package init(repository: RepositoryID, rootOwner: VerifyingKey, seed: consuming Secret) {
        self.repository = repository
        self.rootOwner = rootOwner
        self.seed = seed
    }

    /// A new member's key file, with a new seed.
    package static func make(repository: RepositoryID, rootOwner: VerifyingKey) throws -> MemberKeyFile {
        MemberKeyFile(repository: repository, rootOwner: rootOwner, seed: try Secret.random(count: 32))
    }

    /// Whether a text is a member's key file rather than one of a slot.
    package static func isOne(_ text: borrowing Secret) -> Bool { KeyText.begins(text, with: kind) }

    /// The text to write, with a comment that says what the file is.
    package func text() throws -> Secret {
        try KeyText.write(
            "Holdfast member key file. Whoever has it can act as this member of the repository: keep it secret.",
            [(MemberKeyFile.kind, "1"), ("repository", repository.hex), ("owner", rootOwner.bytes.hex)],
            secretName: "seed",
            seed
        )
    }

    /// Reads the text of a member's key file.
    ///
    /// - Throws: `RepositoryError.wrongKey` saying what is wrong with the file; the published example is refused.
    package init(parsing text: borrowing Secret) throws {
        let parsed = try KeyText(parsing: text, names: [MemberKeyFile.kind, "repository", "owner", "seed"])
        let (repository, owner) = (try parsed.digest(1), try parsed.digest(2))
        let seed = try parsed.secret(3)
        try ExampleSecrets.refuse(seed)
        self.init(repository: repository, rootOwner: VerifyingKey(owner), seed: seed)
    }
}

extension AgreementKey {
    /// The key that a member's keyring is sealed to; it follows from the member's seed (format.md §5.3).
    package init(memberSeed seed: borrowing Secret, repository: RepositoryID) throws {
        let info = Array("holdfast/v1/member-agreement".utf8)
        let salt = repository.bytes
        try self.init(
            rawRepresentation: unsafe HKDF.derive(
                from: seed,
                salt: salt.span.bytes,
                info: info.span.bytes,
                count: 32
            )
        )
    }
}
