/// Hybrid public key encryption (RFC 9180) of a secret to one recipient.
///
/// Base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, one message per encapsulated key (sequence number 0). The names
/// of the steps are those of the RFC.
package enum HPKE {
    /// A secret that only the recipient's private key opens.
    package struct Sealed: Hashable, Sendable {
        /// The length of an encapsulated key, in bytes.
        package static let encapsulatedKeyByteCount = 32

        /// The ephemeral public key, 32 bytes.
        package var encapsulatedKey: [UInt8]
        /// The encrypted secret and its tag of 16 bytes.
        package var ciphertext: [UInt8]

        /// Puts together what was stored apart.
        package init(encapsulatedKey: [UInt8], ciphertext: [UInt8]) {
            self.encapsulatedKey = encapsulatedKey
            self.ciphertext = ciphertext
        }
    }

    /// Seals a secret to a public key; throws `.invalidKey` if that is a low-order point.
    ///
    /// `info` and `associatedData` are not stored, and opening needs the same ones.
    package static func seal(
        _ plaintext: borrowing Secret,
        to recipient: AgreementPublicKey,
        info: RawSpan,
        associatedData: RawSpan,
        suite: CipherSuite
    ) throws -> Sealed {
        try seal(
            plaintext,
            to: recipient,
            info: info,
            associatedData: associatedData,
            suite: suite,
            ephemeralKey: AgreementKey.generate()
        )
    }

    /// Opens what was sealed to this key.
    ///
    /// Throws `.authenticationFailed` for another key, `info` or `associatedData` or altered bytes, and `.invalidKey` for
    /// an encapsulated key that is not 32 bytes or a low-order point.
    package static func open(
        _ sealed: Sealed,
        with recipient: borrowing AgreementKey,
        info: RawSpan,
        associatedData: RawSpan,
        suite: CipherSuite
    ) throws -> Secret {
        guard let encapsulatedKey = Digest(sealed.encapsulatedKey) else {
            throw CryptographyError(
                code: .invalidKey,
                message: "an encapsulated key has 32 bytes, not \(sealed.encapsulatedKey.count)"
            )
        }
        let ephemeral = AgreementPublicKey(encapsulatedKey)
        let schedule = try KeySchedule(
            sharedSecret: extractAndExpand(
                recipient.sharedSecret(with: ephemeral),
                encapsulatedKey: ephemeral,
                recipient: recipient.publicKey
            ),
            info: info,
            suite: suite
        )
        var aead = try AEAD(suite: suite, key: schedule.key)
        return try schedule.nonce.withBytes { nonce in
            try unsafe aead.openSecret(sealed.ciphertext.span.bytes, nonce: nonce, associatedData: associatedData)
        }
    }

    /// Seals under an ephemeral key that the caller made; for published vectors, since a key must never serve twice.
    static func seal(
        _ plaintext: borrowing Secret,
        to recipient: AgreementPublicKey,
        info: RawSpan,
        associatedData: RawSpan,
        suite: CipherSuite,
        ephemeralKey: borrowing AgreementKey
    ) throws -> Sealed {
        let schedule = try KeySchedule(
            sharedSecret: extractAndExpand(
                ephemeralKey.sharedSecret(with: recipient),
                encapsulatedKey: ephemeralKey.publicKey,
                recipient: recipient
            ),
            info: info,
            suite: suite
        )
        var aead = try AEAD(suite: suite, key: schedule.key)
        let ciphertext = try schedule.nonce.withBytes { nonce in
            try plaintext.withBytes { plaintext in
                try aead.seal(plaintext, nonce: nonce, associatedData: associatedData)
            }
        }
        return Sealed(encapsulatedKey: ephemeralKey.publicKey.bytes.bytes, ciphertext: ciphertext)
    }

    /// The KEM's shared secret from the Diffie-Hellman one, bound to both public keys (section 4.1).
    private static func extractAndExpand(
        _ diffieHellman: borrowing Secret,
        encapsulatedKey: AgreementPublicKey,
        recipient: AgreementPublicKey
    ) throws -> Secret {
        let labels = HPKELabels(suiteID: Array("KEM".utf8) + [0x00, 0x20])
        let nothing: [UInt8] = []
        let key = try unsafe labels.extract(salt: nothing.span.bytes, label: "eae_prk", inputKey: diffieHellman)
        let context = encapsulatedKey.bytes.bytes + recipient.bytes.bytes
        return try unsafe labels.expand(key, label: "shared_secret", info: context.span.bytes, count: 32)
    }
}
