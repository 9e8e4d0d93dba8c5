/// HMAC-SHA-256 (RFC 2104, FIPS 198-1) under one key, for many messages.
package struct HMACSHA256: ~Copyable, Sendable {
    private var context: MACContext

    /// Sets the key, of any length; throws `.outOfMemory` or `.libraryFailure`.
    package init(key: borrowing Secret) throws {
        context = try key.withBytes { try MACContext(key: $0) }
    }

    /// Takes more bytes of the message.
    package mutating func update(_ bytes: RawSpan) throws {
        try context.update(bytes)
    }

    /// The code of the message so far; the next update starts a new message under the same key.
    package mutating func finalize() throws -> Digest {
        try context.finish()
    }
}
