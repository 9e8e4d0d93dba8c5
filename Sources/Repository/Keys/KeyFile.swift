package import Cryptography
package import Records

/// The text of a key file (format.md §5.1): the secret of one slot, and which slot of which repository it opens.
package struct KeyFile: ~Copyable {
    /// The repository that the key opens.
    package let repository: RepositoryID
    /// The slot's object name.
    package let slot: ObjectHash
    /// The slot secret, 32 bytes.
    package let secret: Secret

    /// Puts the parts together.
    package init(repository: RepositoryID, slot: ObjectHash, secret: consuming Secret) {
        self.repository = repository
        self.slot = slot
        self.secret = secret
    }

    /// The text to write, with a comment that says what the file is.
    package func text() throws -> Secret {
        try KeyText.write(
            "Holdfast key file. Whoever has it can open the repository named below: keep it secret, keep a copy elsewhere.",
            [("holdfast-key", "1"), ("repository", repository.hex), ("slot", slot.hex)],
            secretName: "secret",
            secret
        )
    }

    /// Reads the text of a key file.
    ///
    /// - Throws: `RepositoryError.wrongKey` saying what is wrong with the file; the published example is refused.
    package init(parsing text: borrowing Secret) throws {
        let parsed = try KeyText(parsing: text, names: ["holdfast-key", "repository", "slot", "secret"])
        let (repository, slot) = (try parsed.digest(1), try parsed.digest(2))
        let secret = try parsed.secret(3)
        try ExampleSecrets.refuse(secret)
        self.init(repository: repository, slot: slot, secret: secret)
    }
}
