/// How the stored bytes of a chunk give its content; the raw values belong to the format.
package enum Codec: UInt8, Hashable, Sendable {
    /// The content itself.
    case stored = 0
    /// One raw deflate stream (RFC 1951), with neither header nor checksum.
    case zlib = 1
    /// One zstd frame (RFC 8878) without dictionary.
    case zstd = 2
    /// One zstd frame whose history begins with the content of another chunk, the base.
    case zstdPrefix = 3
}
