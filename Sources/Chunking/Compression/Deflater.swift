internal import CZlib

/// A stream of raw deflate (RFC 1951), reused from chunk to chunk; one thread at a time.
@safe
struct Deflater: ~Copyable {
    // On the heap, for zlib's state points back to it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Makes a stream; throws `.libraryFailure`.
    ///
    /// - Parameters:
    ///   - level: 1 to 9, or zlib's ordinary one.
    ///   - memoryLevel: 1 to 9; the highest is the fastest.
    init(level: Int32 = Z_DEFAULT_COMPRESSION, memoryLevel: Int32 = 9) throws {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // A negative window size asks for raw deflate.
        let status = unsafe deflateInit2_(
            stream,
            level,
            Z_DEFLATED,
            -MAX_WBITS,
            memoryLevel,
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

    /// Writes one stream into a range of the buffer and returns its length; nil where it does not fit.
    mutating func compress(_ input: RawSpan, into output: inout [UInt8], range: Range<Int>) throws -> Int? {
        guard let inputByteCount = UInt32(exactly: input.byteCount) else {
            throw ChunkingError(code: .invalidParameters, message: "zlib takes less than 4 GiB at once")
        }
        guard !range.isEmpty else { return nil }
        var status = unsafe deflateReset(stream)
        if status == Z_OK {
            status = unsafe output.withUnsafeMutableBytes { output in
                let target = unsafe UnsafeMutableRawBufferPointer(rebasing: output[range])
                return unsafe input.withUnsafeBytes { input in
                    // zlib does not write to its input.
                    unsafe stream.pointee.next_in = UnsafeMutablePointer(
                        mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress
                    )
                    unsafe stream.pointee.avail_in = inputByteCount
                    unsafe stream.pointee.next_out = target.assumingMemoryBound(to: UInt8.self).baseAddress
                    unsafe stream.pointee.avail_out = UInt32(clamping: target.count)
                    return unsafe deflate(stream, Z_FINISH)
                }
            }
        }
        switch status {
        case Z_STREAM_END: return unsafe Int(stream.pointee.total_out)
        case Z_OK, Z_BUF_ERROR: return nil
        default:
            throw ChunkingError(
                code: .libraryFailure,
                message: "zlib cannot compress \(input.byteCount) bytes: status \(status)"
            )
        }
    }

    /// Begins a new stream; what was left of the one before is dropped.
    mutating func restart() throws {
        let status = unsafe deflateReset(stream)
        guard status == Z_OK else { throw failure(status) }
    }

    /// Takes a piece of the stream, and hands on through a buffer what is ready; all of it after the last piece.
    mutating func append(
        _ input: RawSpan,
        isLast: Bool,
        through buffer: inout [UInt8],
        _ sink: (RawSpan) throws -> Void
    ) throws {
        guard let count = UInt32(exactly: input.byteCount) else {
            throw ChunkingError(code: .invalidParameters, message: "zlib takes less than 4 GiB at once")
        }
        let capacity = buffer.count
        try unsafe input.withUnsafeBytes { input in
            // zlib does not write to its input.
            unsafe stream.pointee.next_in = UnsafeMutablePointer(
                mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress
            )
            unsafe stream.pointee.avail_in = count
            while true {
                let (status, count) = unsafe buffer.withUnsafeMutableBytes { target in
                    unsafe stream.pointee.next_out = target.assumingMemoryBound(to: UInt8.self).baseAddress
                    unsafe stream.pointee.avail_out = UInt32(clamping: capacity)
                    let status = unsafe deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                    return unsafe (status, capacity - Int(stream.pointee.avail_out))
                }
                // Z_BUF_ERROR: there was nothing to do.
                guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else { throw failure(status) }
                if count > 0 { try unsafe sink(buffer.span.bytes.extracting(0..<count)) }
                if status == Z_STREAM_END || count < capacity { return }
            }
        }
    }

    private func failure(_ status: Int32) -> ChunkingError {
        ChunkingError(code: .libraryFailure, message: "zlib cannot compress: status \(status)")
    }
}
