/// An Ed25519 private key (RFC 8032).
package struct SigningKey: ~Copyable, Sendable {
    private let handle: PrivateKeyHandle
    /// The public key that checks this key's signatures.
    package let publicKey: VerifyingKey

    /// Takes a seed of 32 bytes; throws `.invalidKey` for another length.
    package init(seed: borrowing Secret) throws {
        let handle = try PrivateKeyHandle(.ed25519, bytes: seed)
        publicKey = VerifyingKey(try handle.publicBytes())
        self.handle = handle
    }

    /// Makes a new key from the kernel's random bytes.
    package static func generate() throws -> SigningKey {
        try SigningKey(seed: Secret.random(count: Digest.byteCount))
    }

    /// The signature of a message, 64 bytes; the same for the same message.
    package func sign(_ message: RawSpan) throws -> [UInt8] {
        try handle.sign(message)
    }

    /// The seed, for storage under another key.
    package borrowing func seed() throws -> Secret {
        try handle.privateBytes()
    }
}
