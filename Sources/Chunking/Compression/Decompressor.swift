/// Decompresses chunks, one after another; each thread has its own.
///
/// Made for input from storage that lies: memory is the caller's buffer and contexts of fixed size, whatever the input
/// claims, and time is bounded by the lengths of the input and the output. Usable again after an error.
package final class Decompressor {
    private var zstd: ZstdDecompressor
    private var inflater: Inflater

    /// Makes the contexts; throws `.libraryFailure`.
    package init() throws {
        let zstd = try ZstdDecompressor()
        let inflater = try Inflater()
        self.zstd = zstd
        self.inflater = inflater
    }

    /// Writes exactly `expectedByteCount` bytes into the buffer from an offset.
    ///
    /// The input must be one stream of the codec that gives exactly so many bytes and ends where the input ends, else
    /// `.corrupt` is thrown; then the bytes in the range are undefined, and none outside is touched. Throws
    /// `.bufferTooSmall` where the range does not fit, and `.invalidParameters` for `.zstdPrefix`.
    package func decompress(
        _ codec: Codec,
        _ input: RawSpan,
        expectedByteCount: Int,
        into output: inout [UInt8],
        at offset: Int
    ) throws {
        let range = try bufferRange(offset: offset, byteCount: expectedByteCount, capacity: output.count)
        switch codec {
        case .stored:
            guard input.byteCount == expectedByteCount else {
                throw ChunkingError(
                    code: .corrupt,
                    message: "stored data has \(input.byteCount) bytes instead of \(expectedByteCount)"
                )
            }
            _ = try copy(input, into: &output, at: offset)
        case .zlib:
            try inflater.decompress(input, into: &output, range: range)
        case .zstd:
            try zstd.decompress(input, into: &output, range: range)
        case .zstdPrefix:
            throw ChunkingError(code: .invalidParameters, message: "this chunk needs the content of its base chunk")
        }
    }

    /// The same, with the content of the base chunk, which `.zstdPrefix` needs and the other codecs ignore.
    package func decompress(
        _ codec: Codec,
        _ input: RawSpan,
        prefix: RawSpan,
        expectedByteCount: Int,
        into output: inout [UInt8],
        at offset: Int
    ) throws {
        guard codec == .zstdPrefix else {
            return try decompress(codec, input, expectedByteCount: expectedByteCount, into: &output, at: offset)
        }
        let range = try bufferRange(offset: offset, byteCount: expectedByteCount, capacity: output.count)
        try zstd.decompress(input, prefix: prefix, into: &output, range: range)
    }
}
