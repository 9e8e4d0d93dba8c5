package import Cryptography
package import Records

/// What a content key encrypts, and so who may open it.
package enum ContentPurpose: UInt8, Sendable {
    /// Customer data: readers of the domain.
    case data = 1
    /// Manifest pages: readers and managers, so that a manager can prune without seeing customer data.
    case metadata = 2
}

/// Where a content key belongs; every part is bound into its sealing (format.md §6).
package struct ContentKeyContext: Hashable, Sendable {
    /// The repository.
    package var repository: RepositoryID
    /// The domain the key encrypts for.
    package var domain: DomainID
    /// The epoch of the domain.
    package var epoch: UInt32
    /// The member that drew the key.
    package var member: MemberID
    /// The run that drew the key.
    package var run: RunID
    /// What the key encrypts.
    package var purpose: ContentPurpose

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        domain: DomainID,
        epoch: UInt32,
        member: MemberID,
        run: RunID,
        purpose: ContentPurpose
    ) {
        self.repository = repository
        self.domain = domain
        self.epoch = epoch
        self.member = member
        self.run = run
        self.purpose = purpose
    }

    fileprivate var info: [UInt8] {
        var info = Array("holdfast/v1/content-key".utf8)
        info += repository.bytes
        info += domain.bytes
        info.appendLittleEndian(epoch)
        info += member.bytes
        info += run.bytes
        info.append(purpose.rawValue)
        return info
    }
}

/// A key that encrypts what one run stores, with the box in which it travels.
///
/// The writer holds it in memory for the run only; afterwards the recipients alone can open the box.
package final class ContentKey: Sendable {
    /// The 32-byte key.
    package let key: Secret
    /// The key sealed to its recipients.
    package let box: KeyBox

    /// Draws a key and seals it to each recipient.
    ///
    /// - Throws: `CryptographyError` when a recipient's public key is unusable.
    package init(context: ContentKeyContext, recipients: [AgreementPublicKey], suite: CipherSuite) throws {
        let key = try Secret.random(count: 32)
        let commitment = try ContentKey.commitment(of: key)
        let info = context.info
        let associatedData = commitment.bytes
        var sealed: [KeyBoxRecipient] = []
        for recipient in recipients {
            let message = try unsafe HPKE.seal(
                key,
                to: recipient,
                info: info.span.bytes,
                associatedData: associatedData.span.bytes,
                suite: suite
            )
            sealed.append(
                KeyBoxRecipient(
                    recipient: recipient.shortID,
                    encapsulatedKey: message.encapsulatedKey,
                    ciphertext: message.ciphertext
                )
            )
        }
        self.key = key
        box = KeyBox(purpose: UInt64(context.purpose.rawValue), commitment: commitment, recipients: sealed)
    }

    private init(key: consuming Secret, box: KeyBox) {
        self.key = key
        self.box = box
    }

    /// Opens a box with the first of the private keys that it is sealed to.
    ///
    /// - Returns: `nil` if none of the keys is a recipient.
    /// - Throws: `RepositoryError.integrity` if a recipient's part does not open or the commitment differs.
    static func open(
        _ box: KeyBox,
        context: ContentKeyContext,
        with keys: [PrivateKey],
        suite: CipherSuite
    ) throws -> ContentKey? {
        guard box.purpose == UInt64(context.purpose.rawValue) else {
            throw RepositoryError(.integrity, "a sealed key of purpose \(box.purpose) stands where another belongs")
        }
        for candidate in keys {
            guard let part = box.recipients.first(where: { $0.recipient == candidate.publicKey.shortID }) else {
                continue
            }
            let info = context.info
            let associatedData = box.commitment.bytes
            let key: Secret
            do {
                key = try unsafe HPKE.open(
                    HPKE.Sealed(encapsulatedKey: part.encapsulatedKey, ciphertext: part.ciphertext),
                    with: candidate.key,
                    info: info.span.bytes,
                    associatedData: associatedData.span.bytes,
                    suite: suite
                )
            } catch {
                throw RepositoryError(.integrity, "a sealed content key is damaged or forged", cause: error)
            }
            let expected = try commitment(of: key).bytes
            guard unsafe constantTimeEquals(expected.span.bytes, associatedData.span.bytes) else {
                throw RepositoryError(.integrity, "a sealed content key does not match its commitment")
            }
            return ContentKey(key: key, box: box)
        }
        return nil
    }

    private static func commitment(of key: borrowing Secret) throws -> Digest {
        let label = Array("holdfast/v1/content-key/commitment".utf8)
        let bytes = try unsafe HKDF.expand(key, info: label.span.bytes, count: 32)
        guard let digest = bytes.withBytes({ Digest($0) }) else {
            throw RepositoryError(.integrity, "a commitment could not be computed")
        }
        return digest
    }
}
