internal import CZstd

/// A zstd compression context, reused from frame to frame; one thread at a time.
@safe
struct ZstdCompressor: ~Copyable {
    /// The largest window of a frame, as a power of two: what decoders accept by default.
    static let greatestWindowLog = 27
    /// From this prefix on, in bytes, the hash tables of the quick levels are too small to find their way in it.
    private static let longPrefixByteCount = 128 << 10
    /// What zstd returns where the output is too small: ZSTD_error_dstSize_tooSmall, which zstd_errors.h says stays 70.
    private static let destinationTooSmall = -70

    private let context: OpaquePointer
    private let tuning: ZstdTuning

    /// Makes a context for a level, or for what deviates from one; throws `.libraryFailure`.
    init(_ tuning: ZstdTuning) throws {
        guard let context = unsafe ZSTD_createCCtx() else {
            throw ChunkingError(code: .libraryFailure, message: "zstd has no memory for a compression context")
        }
        let settings: [(ZSTD_cParameter, Int32)] = [
            (ZSTD_c_compressionLevel, tuning.level),
            // The length is stored outside the frame, where it is authenticated, as are the bytes themselves.
            (ZSTD_c_contentSizeFlag, 0),
            (ZSTD_c_checksumFlag, 0),
            (ZSTD_c_dictIDFlag, 0),
            // Zero leaves a parameter to the level.
            (ZSTD_c_windowLog, tuning.windowLog),
            (ZSTD_c_hashLog, tuning.hashLog),
            (ZSTD_c_chainLog, tuning.chainLog),
            (ZSTD_c_minMatch, tuning.minimumMatch),
        ]
        do {
            for (parameter, value) in settings { try unsafe Self.set(parameter, to: value, in: context) }
        } catch {
            unsafe ZSTD_freeCCtx(context)
            throw error
        }
        unsafe self.context = context
        self.tuning = tuning
    }

    deinit {
        unsafe ZSTD_freeCCtx(context)
    }

    /// Writes one frame into a range of the buffer and returns its length; nil where it does not fit.
    mutating func compress(_ input: RawSpan, into output: inout [UInt8], range: Range<Int>) throws -> Int? {
        unsafe ZSTD_CCtx_reset(context, ZSTD_reset_session_only)
        let result = unsafe output.withUnsafeMutableBytes { output in
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: output[range])
            return unsafe input.withUnsafeBytes { input in
                unsafe ZSTD_compress2(context, target.baseAddress, target.count, input.baseAddress, input.count)
            }
        }
        if result == Self.destinationTooSmall { return nil }
        return try Self.checked(result, "compress \(input.byteCount) bytes")
    }

    /// The same, for a frame that may repeat bytes of the prefix, as if that came before the input.
    ///
    /// Throws `.invalidParameters` for a prefix and an input that together exceed the largest window, 128 MiB.
    mutating func compress(
        _ input: RawSpan,
        prefix: RawSpan,
        into output: inout [UInt8],
        range: Range<Int>
    ) throws -> Int? {
        let reach = prefix.byteCount + input.byteCount
        let windowLog = max(10, Int.bitWidth - max(0, reach - 1).leadingZeroBitCount)
        guard windowLog <= Self.greatestWindowLog else {
            throw ChunkingError(
                code: .invalidParameters,
                message: "a prefix and an input of \(reach) bytes exceed the largest window of zstd, 128 MiB"
            )
        }
        unsafe ZSTD_CCtx_reset(context, ZSTD_reset_session_only)
        try unsafe Self.set(ZSTD_c_windowLog, to: Int32(windowLog), in: context)
        if prefix.byteCount >= Self.longPrefixByteCount {
            try unsafe Self.set(ZSTD_c_enableLongDistanceMatching, to: 1, in: context)
        }
        defer {
            unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, tuning.windowLog)
            unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 0)
        }
        return try unsafe prefix.withUnsafeBytes { prefix in
            // The context keeps the pointer; it must not outlive the closure.
            defer { unsafe ZSTD_CCtx_refPrefix(context, nil, 0) }
            _ = try Self.checked(unsafe ZSTD_CCtx_refPrefix(context, prefix.baseAddress, prefix.count), "set a prefix")
            return try compress(input, into: &output, range: range)
        }
    }

    private static func set(_ parameter: ZSTD_cParameter, to value: Int32, in context: OpaquePointer) throws {
        _ = try Self.checked(unsafe ZSTD_CCtx_setParameter(context, parameter, value), "set a parameter to \(value)")
    }

    private static func checked(_ result: Int, _ operation: @autoclosure () -> String) throws -> Int {
        guard ZSTD_isError(result) == 0 else {
            throw ChunkingError(
                code: .libraryFailure,
                message: "zstd cannot \(operation()): \(unsafe String(cString: ZSTD_getErrorName(result)))"
            )
        }
        return result
    }
}
