internal import CZlib

/// A stream of raw deflate (RFC 1951), reused from chunk to chunk; one thread at a time.
@safe
struct Deflater: ~Copyable {
    // On the heap, for zlib's state points back to it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Makes a stream for one level, 1 to 9; throws `.libraryFailure`.
    init(level: Int32) throws {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // A negative window size asks for raw deflate; memory level 9 is the fastest.
        let status = unsafe deflateInit2_(
            stream,
            level,
            Z_DEFLATED,
            -MAX_WBITS,
            9,
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
}
