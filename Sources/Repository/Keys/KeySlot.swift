package import Cryptography
import Records

/// What opens a key slot.
package enum Credential: Sendable {
    /// A passphrase, as typed.
    case passphrase(SecretHolder)
    /// The contents of a key file.
    case keyFile(SecretHolder)
    /// The words of a recovery kit, decoded to the slot secret.
    case recovery(SecretHolder)

    var kind: SlotKind {
        switch self {
        case .passphrase: .passphrase
        case .keyFile: .keyFile
        case .recovery: .recoveryWords
        }
    }
}

/// A secret that may be passed around by reference.
package final class SecretHolder: Sendable {
    /// The secret.
    package let secret: Secret

    /// Takes a secret.
    package init(_ secret: consuming Secret) { self.secret = secret }

    /// Copies the UTF-8 of a string.
    package convenience init(_ text: String) throws {
        var bytes = Array(text.utf8)
        defer { for index in bytes.indices { bytes[index] = 0 } }
        unsafe self.init(try Secret(copying: bytes.span.bytes))
    }
}

/// Kinds of key slots (format.md §5).
package enum SlotKind: UInt64, Sendable {
    case passphrase = 1
    case keyFile = 2
    case recoveryWords = 3
    case recipient = 4

    /// The kind in words.
    package var name: String {
        switch self {
        case .passphrase: "passphrase"
        case .keyFile: "key file"
        case .recoveryWords: "recovery words"
        case .recipient: "recipient"
        }
    }
}

extension KeySlotHeader {
    /// What deriving the slot secret costs; the bounds of the fields were checked as the header was read.
    var scryptParameters: Scrypt.Parameters {
        Scrypt.Parameters(
            n: scryptLog2N < 64 ? 1 << scryptLog2N : 0,
            r: UInt32(clamping: scryptR),
            p: UInt32(clamping: scryptP)
        )
    }
}

/// Seals and opens the objects below `keys/`.
enum KeySlot {
    /// Seals a keyring into a new slot.
    ///
    /// - Returns: the bytes of the object.
    static func seal(
        _ keyring: Keyring,
        kind: SlotKind,
        secret: borrowing Secret,
        label: String,
        time: Int64,
        parameters: Scrypt.Parameters,
        suite: CipherSuite
    ) throws -> [UInt8] {
        let salt = try Random.bytes(32)
        let slotSecret: Secret
        switch kind {
        case .passphrase:
            try parameters.validate()
            slotSecret = try unsafe Scrypt.derive(
                passphrase: secret,
                salt: salt.span.bytes,
                parameters: parameters,
                count: 32
            )
        case .keyFile, .recoveryWords:
            slotSecret = try secret.copy()
        case .recipient:
            throw RepositoryError(.invalidRequest, "slots for recipients are sealed by their public key")
        }
        let (key, commitment) = try derive(slotSecret, salt: salt)
        let header = KeySlotHeader(
            repository: keyring.repository,
            label: label,
            kind: kind.rawValue,
            created: time,
            suite: suite,
            salt: salt,
            scryptLog2N: kind == .passphrase ? UInt64(parameters.n.trailingZeroBitCount) : 0,
            scryptR: kind == .passphrase ? UInt64(parameters.r) : 0,
            scryptP: kind == .passphrase ? UInt64(parameters.p) : 0,
            commitment: commitment
        )
        return try seal(try keyring.encoded(), under: header, key: key)
    }

    /// Opens a slot.
    ///
    /// - Returns: `nil` if the credential is not the one that this slot was made for.
    /// - Throws: `RepositoryError.integrity` for a slot that is damaged though the credential is right.
    static func open(_ object: [UInt8], header: KeySlotHeader, credential: Credential) throws -> Keyring? {
        guard SlotKind(rawValue: header.kind) == credential.kind else { return nil }
        let slotSecret: Secret
        switch credential {
        case .passphrase(let holder):
            // The bounds were checked before: no key derivation runs on numbers that a hostile store chose.
            slotSecret = try unsafe Scrypt.derive(
                passphrase: holder.secret,
                salt: header.salt.span.bytes,
                parameters: header.scryptParameters,
                count: 32
            )
        case .keyFile(let holder):
            let file = try KeyFile(parsing: holder.secret)
            slotSecret = try file.secret.copy()
        case .recovery(let holder):
            slotSecret = try holder.secret.copy()
        }
        let (key, commitment) = try derive(slotSecret, salt: header.salt)
        guard unsafe constantTimeEquals(commitment.bytes.span.bytes, header.commitment.bytes.span.bytes) else {
            return nil
        }
        do {
            return try Keyring(decoding: opened(object, header, key))
        } catch let error as CryptographyError {
            throw RepositoryError(.integrity, "a key slot is damaged: its contents do not open", cause: error)
        }
    }

    /// Seals a grant to its member's public key.
    ///
    /// - Returns: the bytes of the object.
    static func seal(
        _ grant: KeyGrant,
        to recipient: AgreementPublicKey,
        label: String,
        time: Int64,
        suite: CipherSuite
    ) throws -> [UInt8] {
        let salt = try Random.bytes(32)
        let slotSecret = try Secret.random(count: 32)
        let info = recipientInfo(grant.repository)
        let message = try unsafe HPKE.seal(
            slotSecret,
            to: recipient,
            info: info.span.bytes,
            associatedData: salt.span.bytes,
            suite: suite
        )
        let (key, commitment) = try derive(slotSecret, salt: salt)
        let header = KeySlotHeader(
            repository: grant.repository,
            label: label,
            kind: SlotKind.recipient.rawValue,
            created: time,
            suite: suite,
            salt: salt,
            commitment: commitment,
            sealedSecret: message.encapsulatedKey + message.ciphertext,
            recipient: recipient.shortID
        )
        let room = RecordKind.slot.maximumByteCount - KeySlotHeader.maximumByteCount
        let plain = try grant.encoded(seed: nil, capacity: room)
        return try seal(plain, under: header, key: key)
    }

    /// Opens a slot that is sealed to a public key.
    ///
    /// - Returns: `nil` if it is sealed to another.
    /// - Throws: `RepositoryError.integrity` for a slot that is damaged though the key is right.
    static func open(_ object: [UInt8], header: KeySlotHeader, with key: borrowing AgreementKey) throws -> KeyGrant? {
        guard header.kind == SlotKind.recipient.rawValue, header.recipient == key.publicKey.shortID else { return nil }
        let info = recipientInfo(header.repository)
        do {
            let slotSecret = try unsafe HPKE.open(
                HPKE.Sealed(
                    encapsulatedKey: Array(header.sealedSecret.prefix(HPKE.Sealed.encapsulatedKeyByteCount)),
                    ciphertext: Array(header.sealedSecret.dropFirst(HPKE.Sealed.encapsulatedKeyByteCount))
                ),
                with: key,
                info: info.span.bytes,
                associatedData: header.salt.span.bytes,
                suite: header.suite
            )
            let (slotKey, commitment) = try derive(slotSecret, salt: header.salt)
            guard unsafe constantTimeEquals(commitment.bytes.span.bytes, header.commitment.bytes.span.bytes) else {
                throw RepositoryError(.integrity, "a key slot does not match its commitment")
            }
            return try KeyGrant.decode(opened(object, header, slotKey))
        } catch let error as CryptographyError {
            throw RepositoryError(.integrity, "a key slot is damaged: its contents do not open", cause: error)
        }
    }

    private static func recipientInfo(_ repository: RepositoryID) -> [UInt8] {
        Array("holdfast/v1/slot/recipient".utf8) + repository.bytes
    }

    private static func seal(
        _ plain: borrowing Secret,
        under header: KeySlotHeader,
        key: SecretHolder
    ) throws -> [UInt8] {
        var object = header.encodedPrefix()
        var aead = try AEAD(suite: header.suite, key: key.secret)
        var sealed = [UInt8](repeating: 0, count: plain.count + AEAD.tagByteCount)
        try plain.withBytes { bytes throws in
            try unsafe aead.seal(bytes, counter: 0, associatedData: object.span.bytes, into: &sealed, at: 0)
        }
        object.appendLittleEndian(UInt32(sealed.count))
        object += sealed
        return object
    }

    private static func opened(_ object: [UInt8], _ header: KeySlotHeader, _ key: SecretHolder) throws -> Secret {
        let (associated, sealed) = try split(object)
        var aead = try AEAD(suite: header.suite, key: key.secret)
        return try unsafe aead.openSecret(
            object.span.bytes.extracting(sealed),
            counter: 0,
            associatedData: object.span.bytes.extracting(associated)
        )
    }

    private static func derive(_ secret: borrowing Secret, salt: [UInt8]) throws -> (SecretHolder, Digest) {
        let keyLabel = Array("holdfast/v1/slot/key".utf8)
        let commitmentLabel = Array("holdfast/v1/slot/commitment".utf8)
        let key = try unsafe HKDF.derive(from: secret, salt: salt.span.bytes, info: keyLabel.span.bytes, count: 32)
        let raw = try unsafe HKDF.derive(
            from: secret,
            salt: salt.span.bytes,
            info: commitmentLabel.span.bytes,
            count: 32
        )
        guard let commitment = raw.withBytes({ Digest($0) }) else {
            throw RepositoryError(.integrity, "a commitment could not be computed")
        }
        return (SecretHolder(key), commitment)
    }

    /// The bytes that are authenticated, and where the sealed keyring lies.
    private static func split(_ object: [UInt8]) throws -> (Range<Int>, Range<Int>) {
        let start = unsafe 12 + Int(object.span.bytes.littleEndian32(at: 8))
        guard object.count >= start + 4 + AEAD.tagByteCount else {
            throw RepositoryError(.integrity, "a key slot is truncated")
        }
        let length = unsafe Int(object.span.bytes.littleEndian32(at: start))
        guard object.count == start + 4 + length else {
            throw RepositoryError(.integrity, "a key slot has the wrong length")
        }
        return (0..<start, (start + 4)..<object.count)
    }
}
