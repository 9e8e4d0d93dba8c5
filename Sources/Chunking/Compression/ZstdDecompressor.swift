internal import CZstd

/// A zstd decompression context, reused from frame to frame; one thread at a time.
///
/// It decompresses whole frames straight into the caller's buffer, so it needs no memory for a window.
@safe
struct ZstdDecompressor: ~Copyable {
    private let context: OpaquePointer

    /// Makes a context; throws `.libraryFailure`.
    init() throws {
        guard let context = unsafe ZSTD_createDCtx() else {
            throw ChunkingError(code: .libraryFailure, message: "zstd has no memory for a decompression context")
        }
        // Unused as long as frames are decompressed in one call; a second fence all the same.
        let limit = Int32(ZstdCompressor.greatestWindowLog)
        let status = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, limit)
        guard ZSTD_isError(status) == 0 else {
            unsafe ZSTD_freeDCtx(context)
            throw ChunkingError(code: .libraryFailure, message: "zstd takes no limit of 2^\(limit) bytes for windows")
        }
        unsafe self.context = context
    }

    deinit {
        unsafe ZSTD_freeDCtx(context)
    }

    /// Fills a range of the buffer from exactly one frame, which must give exactly as many bytes; throws `.corrupt`.
    mutating func decompress(_ input: RawSpan, into output: inout [UInt8], range: Range<Int>) throws {
        try checkIsOneFrame(input, contentByteCount: range.count)
        unsafe ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
        let result = unsafe output.withUnsafeMutableBytes { output in
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: output[range])
            return unsafe input.withUnsafeBytes { input in
                unsafe ZSTD_decompressDCtx(context, target.baseAddress, target.count, input.baseAddress, input.count)
            }
        }
        let count = try checked(result)
        guard count == range.count else {
            throw ChunkingError(code: .corrupt, message: "a zstd frame gives \(count) bytes instead of \(range.count)")
        }
    }

    /// The same, for a frame that repeats bytes of a prefix.
    mutating func decompress(
        _ input: RawSpan,
        prefix: RawSpan,
        into output: inout [UInt8],
        range: Range<Int>
    ) throws {
        try unsafe prefix.withUnsafeBytes { prefix in
            // The context keeps the pointer; it must not outlive the closure.
            defer { unsafe ZSTD_DCtx_refPrefix(context, nil, 0) }
            _ = try checked(unsafe ZSTD_DCtx_refPrefix(context, prefix.baseAddress, prefix.count))
            try decompress(input, into: &output, range: range)
        }
    }

    /// Refuses what the library would let pass: several frames, skippable frames, bytes after the end.
    private func checkIsOneFrame(_ input: RawSpan, contentByteCount: Int) throws {
        try ZstdFrameHeader(input).check(contentByteCount: contentByteCount)
        let length = try checked(
            unsafe input.withUnsafeBytes { unsafe ZSTD_findFrameCompressedSize($0.baseAddress, $0.count) }
        )
        guard length == input.byteCount else {
            throw ChunkingError(
                code: .corrupt,
                message: "\(input.byteCount - length) bytes follow a zstd frame of \(length) bytes"
            )
        }
    }

    private func checked(_ result: Int) throws -> Int {
        guard ZSTD_isError(result) == 0 else {
            throw ChunkingError(
                code: .corrupt,
                message: "damaged zstd frame: \(unsafe String(cString: ZSTD_getErrorName(result)))"
            )
        }
        return result
    }
}
