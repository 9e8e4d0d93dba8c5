package import Cryptography

/// What a key slot says in the clear: how to open it, and how to tell that a secret is the right one.
package struct KeySlotHeader: Hashable, Sendable {
    /// Kinds of slots whose secret comes from a passphrase.
    private static let passphraseKind: UInt64 = 1
    /// The longest slot object that is not sealed to a public key, in bytes.
    package static let maximumByteCount = 64 << 10

    /// Kinds of slots whose secret is sealed to a public key.
    static let recipientKind: UInt64 = 4

    /// The repository that the slot opens.
    package var repository: RepositoryID
    /// What people call the slot.
    package var label: String
    /// What opens it: 1 passphrase, 2 key file, 3 recovery words, 4 X25519 recipient.
    package var kind: UInt64
    /// When the slot was made, nanoseconds since 1970-01-01 UTC.
    package var created: Int64
    /// The cipher suite of the sealed keyring.
    package var suite: CipherSuite
    /// Random bytes from which the slot's keys derive, 32.
    package var salt: [UInt8]
    /// The binary logarithm of scrypt's N, 14 to 20; 0 unless a passphrase opens the slot.
    package var scryptLog2N: UInt64
    /// Scrypt's r, 1 to 32; 0 unless a passphrase opens the slot.
    package var scryptR: UInt64
    /// Scrypt's p, 1 to 4; 0 unless a passphrase opens the slot.
    package var scryptP: UInt64
    /// The slot secret's commitment, compared before the keyring is opened.
    package var commitment: Digest
    /// HPKE's encapsulated key and ciphertext, 80 bytes; empty unless a recipient opens the slot.
    package var sealedSecret: [UInt8]
    /// The first 8 bytes of SHA-256 over the recipient's public key; empty unless a recipient opens the slot.
    package var recipient: [UInt8]
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        label: String,
        kind: UInt64,
        created: Int64,
        suite: CipherSuite,
        salt: [UInt8],
        scryptLog2N: UInt64 = 0,
        scryptR: UInt64 = 0,
        scryptP: UInt64 = 0,
        commitment: Digest,
        sealedSecret: [UInt8] = [],
        recipient: [UInt8] = [],
        unknown: UnknownFields = UnknownFields()
    ) {
        self.repository = repository
        self.label = label
        self.kind = kind
        self.created = created
        self.suite = suite
        self.salt = salt
        self.scryptLog2N = scryptLog2N
        self.scryptR = scryptR
        self.scryptP = scryptP
        self.commitment = commitment
        self.sealedSecret = sealedSecret
        self.recipient = recipient
        self.unknown = unknown
    }

    /// Makes sure that the fields fit the kind of slot, and that opening it cannot cost more than the format permits.
    ///
    /// Reading a header does this too, so no key derivation runs on numbers that a hostile store chose. Throws
    /// `.tooLarge` for a cost above the bounds, `.unsupported` for another kind, otherwise `.malformed`.
    package func validate() throws(RecordError) {
        guard (Self.passphraseKind...Self.recipientKind).contains(kind) else {
            throw RecordError(
                .unsupported,
                "the key slot is of kind \(kind), which this version does not know; use a newer version of the program"
            )
        }
        if kind == Self.passphraseKind {
            try validateCost()
        } else if scryptLog2N != 0 || scryptR != 0 || scryptP != 0 {
            throw RecordError(.malformed, "the key slot has scrypt parameters and is not opened by a passphrase")
        }
        let isComplete =
            kind == Self.recipientKind
            ? sealedSecret.count == 80 && recipient.count == 8
            : sealedSecret.isEmpty && recipient.isEmpty
        guard isComplete else {
            throw RecordError(.malformed, "the key slot of kind \(kind) has the fields of another kind")
        }
    }

    private func validateCost() throws(RecordError) {
        guard scryptLog2N >= 14, scryptR >= 1, scryptP >= 1 else {
            throw RecordError(
                .malformed,
                "the key slot's scrypt parameters are too weak: N = 2^\(scryptLog2N), r = \(scryptR), p = \(scryptP)"
            )
        }
        // Once each is within its bound, 128·N·r cannot overflow.
        guard scryptLog2N <= 20, scryptR <= 32, scryptP <= 4, 128 * scryptR << scryptLog2N <= 1 << 30 else {
            throw RecordError(
                .tooLarge,
                "the key slot's scrypt parameters exceed the format's bounds: N = 2^\(scryptLog2N), r = \(scryptR), "
                    + "p = \(scryptP)"
            )
        }
    }
}
