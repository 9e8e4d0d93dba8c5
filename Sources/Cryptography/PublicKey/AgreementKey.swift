/// An X25519 public key (RFC 7748): a recipient of sealed keys.
package struct AgreementPublicKey: Hashable, Sendable {
    /// The key's 32 bytes.
    package var bytes: Digest

    /// Takes the key's bytes; whether they are a usable point shows when something is sealed to it.
    package init(_ bytes: Digest) {
        self.bytes = bytes
    }

    /// The first eight bytes of the key's SHA-256: names the key where space is short, and proves nothing.
    package var shortID: [UInt8] {
        do {
            return unsafe Array(try SHA256.hash(bytes.bytes.span.bytes).bytes.prefix(8))
        } catch {
            // Not reached by any input: no key exists before OpenSSL has shown that it works.
            preconditionFailure("cannot hash a public key: \(error)")
        }
    }
}

/// An X25519 private key (RFC 7748).
package struct AgreementKey: ~Copyable, Sendable {
    private let handle: PrivateKeyHandle
    /// The public key that others seal to.
    package let publicKey: AgreementPublicKey

    /// Takes a private key of 32 bytes; throws `.invalidKey` for another length.
    package init(rawRepresentation: borrowing Secret) throws {
        let handle = try PrivateKeyHandle(.x25519, bytes: rawRepresentation)
        publicKey = AgreementPublicKey(try handle.publicBytes())
        self.handle = handle
    }

    /// Makes a new key from the kernel's random bytes.
    package static func generate() throws -> AgreementKey {
        try AgreementKey(rawRepresentation: Secret.random(count: Digest.byteCount))
    }

    /// The private key's 32 bytes, for storage under another key.
    package borrowing func rawRepresentation() throws -> Secret {
        try handle.privateBytes()
    }

    /// The Diffie-Hellman secret shared with a public key; throws `.invalidKey` for a low-order point.
    borrowing func sharedSecret(with peer: AgreementPublicKey) throws -> Secret {
        try handle.sharedSecret(with: peer.bytes)
    }
}
