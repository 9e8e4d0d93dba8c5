/// Raw deflate (RFC 1951) of a stream that comes in pieces, for archives; one thread at a time.
package final class StreamDeflater {
    private var deflater: Deflater
    private var buffer = [UInt8](repeating: 0, count: 128 << 10)

    /// Makes a stream of zlib's ordinary level; throws `.libraryFailure`.
    package init() throws { deflater = try Deflater(memoryLevel: 8) }

    /// Begins a new stream; what was left of the one before is dropped.
    package func restart() throws { try deflater.restart() }

    /// Compresses a piece of less than 4 GiB and hands on what is ready.
    package func add(_ bytes: RawSpan, _ sink: (RawSpan) throws -> Void) throws {
        try deflater.append(bytes, isLast: false, through: &buffer, sink)
    }

    /// Ends the stream and hands on the rest of it.
    package func finish(_ sink: (RawSpan) throws -> Void) throws {
        let nothing: [UInt8] = []
        try unsafe deflater.append(nothing.span.bytes, isLast: true, through: &buffer, sink)
    }
}
