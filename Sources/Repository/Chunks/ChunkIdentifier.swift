import Cryptography
package import Records

/// Computes chunk ids: HMAC-SHA-256 over type and plaintext (format.md §7).
///
/// One per thread.
package struct ChunkIdentifier: ~Copyable, Sendable {
    private var hmac: HMACSHA256

    /// Keys the computation with a domain's chunk-id key.
    package init(keys: DomainKeys) throws { hmac = try HMACSHA256(key: keys.chunkIDKey) }

    /// The id of a chunk.
    package mutating func identify(_ plaintext: RawSpan, type: ChunkType) throws -> ChunkID {
        let prefix: [1 of UInt8] = [type.rawValue]
        try unsafe hmac.update(prefix.span.bytes)
        try hmac.update(plaintext)
        return try hmac.finalize()
    }
}
