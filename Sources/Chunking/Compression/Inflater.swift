internal import CZlib

/// A decompressor of raw deflate (RFC 1951), reused from chunk to chunk; one thread at a time.
///
/// It decompresses whole streams straight into the caller's buffer; its own memory is a window of 32 KiB.
@safe
struct Inflater: ~Copyable {
    // On the heap, for zlib's state points back to it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Makes a decompressor; throws `.libraryFailure`.
    init() throws {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe inflateInit2_(stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            unsafe stream.deallocate()
            throw ChunkingError(code: .libraryFailure, message: "zlib cannot make a decompressor: status \(status)")
        }
        unsafe self.stream = stream
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Fills a range of the buffer from exactly one stream, which must give exactly as many bytes; throws `.corrupt`.
    mutating func decompress(_ input: RawSpan, into output: inout [UInt8], range: Range<Int>) throws {
        guard
            let inputByteCount = UInt32(exactly: input.byteCount),
            let outputByteCount = UInt32(exactly: range.count)
        else {
            throw ChunkingError(code: .invalidParameters, message: "zlib takes and gives less than 4 GiB at once")
        }
        var status = unsafe inflateReset(stream)
        if status == Z_OK {
            status = unsafe output.withUnsafeMutableBytes { output in
                let target = unsafe UnsafeMutableRawBufferPointer(rebasing: output[range])
                return unsafe input.withUnsafeBytes { input in
                    // zlib does not write to its input.
                    unsafe stream.pointee.next_in = UnsafeMutablePointer(
                        mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress
                    )
                    unsafe stream.pointee.avail_in = inputByteCount
                    unsafe stream.pointee.avail_out = outputByteCount
                    // zlib refuses a null pointer even for no bytes.
                    var nothing: UInt8 = 0
                    return unsafe withUnsafeMutablePointer(to: &nothing) { nothing in
                        let start = unsafe target.assumingMemoryBound(to: UInt8.self).baseAddress
                        unsafe stream.pointee.next_out = start ?? nothing
                        return unsafe inflate(stream, Z_FINISH)
                    }
                }
            }
        }
        guard status == Z_STREAM_END else {
            let reason = unsafe stream.pointee.msg.map { unsafe String(cString: $0) }
            throw ChunkingError(
                code: .corrupt,
                message: "damaged zlib data, or not \(range.count) bytes: \(reason ?? "status \(status)")"
            )
        }
        let (left, missing) = unsafe (stream.pointee.avail_in, stream.pointee.avail_out)
        guard left == 0, missing == 0 else {
            throw ChunkingError(
                code: .corrupt,
                message: missing > 0
                    ? "zlib data gives \(range.count - Int(missing)) bytes instead of \(range.count)"
                    : "\(left) bytes follow the end of the zlib data"
            )
        }
    }
}
