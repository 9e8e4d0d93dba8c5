import Cryptography

// One-call forms over arrays, so that tests read as sentences.

extension SHA256 {
    /// The digest of a message.
    static func hash(of message: [UInt8]) throws -> Digest {
        try unsafe hash(message.span.bytes)
    }

    /// Takes more bytes of the message.
    mutating func update(with bytes: [UInt8]) throws {
        try unsafe update(bytes.span.bytes)
    }
}

extension HMACSHA256 {
    /// Takes more bytes of the message.
    mutating func update(with bytes: [UInt8]) throws {
        try unsafe update(bytes.span.bytes)
    }

    /// The code of a message.
    mutating func code(of message: [UInt8]) throws -> Digest {
        try update(with: message)
        return try finalize()
    }
}

extension AEAD {
    /// Seals into an array of its own, under a nonce.
    mutating func sealed(_ plaintext: [UInt8], nonce: [UInt8], aad: [UInt8] = []) throws -> [UInt8] {
        try unsafe seal(plaintext.span.bytes, nonce: nonce.span.bytes, associatedData: aad.span.bytes)
    }

    /// Opens into an array of its own, under a nonce.
    mutating func opened(_ sealed: [UInt8], nonce: [UInt8], aad: [UInt8] = []) throws -> [UInt8] {
        var plaintext = [UInt8](repeating: 0, count: Swift.max(0, sealed.count - AEAD.tagByteCount))
        try unsafe open(
            sealed.span.bytes,
            nonce: nonce.span.bytes,
            associatedData: aad.span.bytes,
            into: &plaintext,
            at: 0
        )
        return plaintext
    }

    /// Seals into an array of its own, under a counter.
    mutating func sealed(_ plaintext: [UInt8], counter: UInt64, aad: [UInt8] = []) throws -> [UInt8] {
        try unsafe seal(plaintext.span.bytes, counter: counter, associatedData: aad.span.bytes)
    }

    /// Opens into an array of its own, under a counter.
    mutating func opened(_ sealed: [UInt8], counter: UInt64, aad: [UInt8] = []) throws -> [UInt8] {
        var plaintext = [UInt8](repeating: 0, count: Swift.max(0, sealed.count - AEAD.tagByteCount))
        try unsafe open(
            sealed.span.bytes,
            counter: counter,
            associatedData: aad.span.bytes,
            into: &plaintext,
            at: 0
        )
        return plaintext
    }
}

extension VerifyingKey {
    /// Whether a signature over a message is this key's.
    func accepts(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        unsafe isValid(signature: signature.span.bytes, for: message.span.bytes)
    }
}

extension SigningKey {
    /// The signature of a message.
    borrowing func signature(of message: [UInt8]) throws -> [UInt8] {
        try unsafe sign(message.span.bytes)
    }
}

extension HPKE {
    /// Seals under arrays.
    static func sealed(
        _ plaintext: [UInt8],
        to recipient: AgreementPublicKey,
        info: [UInt8] = [],
        aad: [UInt8] = [],
        suite: CipherSuite
    ) throws -> Sealed {
        try unsafe seal(
            plaintext.secret(),
            to: recipient,
            info: info.span.bytes,
            associatedData: aad.span.bytes,
            suite: suite
        )
    }

    /// Opens under arrays.
    static func opened(
        _ sealed: Sealed,
        with recipient: borrowing AgreementKey,
        info: [UInt8] = [],
        aad: [UInt8] = [],
        suite: CipherSuite
    ) throws -> [UInt8] {
        try unsafe open(
            sealed,
            with: recipient,
            info: info.span.bytes,
            associatedData: aad.span.bytes,
            suite: suite
        ).exposed()
    }
}
