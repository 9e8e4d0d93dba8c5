/// SHA-256 (FIPS 180-4) over a message given in pieces.
package struct SHA256: ~Copyable, Sendable {
    private var context: DigestContext

    /// Starts a message; throws `.outOfMemory` or `.libraryFailure`.
    package init() throws {
        context = try DigestContext()
    }

    /// Takes more bytes of the message.
    package mutating func update(_ bytes: RawSpan) throws {
        try context.update(bytes)
    }

    /// The digest of the message so far; the next update starts a new message.
    package mutating func finalize() throws -> Digest {
        try context.finish()
    }

    /// The digest of a whole message.
    package static func hash(_ bytes: RawSpan) throws -> Digest {
        try DigestContext.hash(bytes)
    }
}
