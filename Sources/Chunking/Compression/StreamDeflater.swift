internal import CZlib

/// Raw deflate (RFC 1951) of a stream that comes in pieces, for archives; one thread at a time.
@safe
package final class StreamDeflater {
    // On the heap, for zlib's state points back to it.
    private let stream: UnsafeMutablePointer<z_stream>
    private var output = [UInt8](repeating: 0, count: 128 << 10)

    /// Makes a stream of zlib's ordinary level; throws `.libraryFailure`.
    package init() throws {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe deflateInit2_(
            stream,
            Z_DEFAULT_COMPRESSION,
            Z_DEFLATED,
            -MAX_WBITS,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard status == Z_OK else {
            unsafe stream.deallocate()
            throw ChunkingError(code: .libraryFailure, message: "zlib cannot make a compressor: status \(status)")
        }
        unsafe self.stream = stream
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Begins a new stream; what was left of the one before is dropped.
    package func restart() throws {
        let status = unsafe deflateReset(stream)
        guard status == Z_OK else { throw failure(status) }
    }

    /// Compresses a piece of at most 4 GiB and hands on what is ready.
    package func add(_ bytes: RawSpan, _ sink: (RawSpan) throws -> Void) throws {
        guard let count = UInt32(exactly: bytes.byteCount) else {
            throw ChunkingError(code: .invalidParameters, message: "zlib takes less than 4 GiB at once")
        }
        try unsafe bytes.withUnsafeBytes { input in
            // zlib does not write to its input.
            unsafe stream.pointee.next_in = UnsafeMutablePointer(
                mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress
            )
            unsafe stream.pointee.avail_in = count
            try run(Z_NO_FLUSH, sink)
        }
    }

    /// Ends the stream and hands on the rest of it.
    package func finish(_ sink: (RawSpan) throws -> Void) throws {
        unsafe stream.pointee.next_in = nil
        unsafe stream.pointee.avail_in = 0
        try run(Z_FINISH, sink)
    }

    /// Calls zlib until it has taken all input, and at the end given all output.
    private func run(_ flush: Int32, _ sink: (RawSpan) throws -> Void) throws {
        while true {
            let capacity = output.count
            let (status, count) = unsafe output.withUnsafeMutableBytes { target in
                unsafe stream.pointee.next_out = target.assumingMemoryBound(to: UInt8.self).baseAddress
                unsafe stream.pointee.avail_out = UInt32(capacity)
                let status = unsafe deflate(stream, flush)
                return unsafe (status, capacity - Int(stream.pointee.avail_out))
            }
            // Z_BUF_ERROR: there was nothing to do.
            guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else { throw failure(status) }
            if count > 0 {
                let bytes = output
                try unsafe sink(bytes.span.bytes.extracting(0..<count))
            }
            if status == Z_STREAM_END || count < capacity { return }
        }
    }

    private func failure(_ status: Int32) -> ChunkingError {
        ChunkingError(code: .libraryFailure, message: "zlib cannot compress: status \(status)")
    }
}
