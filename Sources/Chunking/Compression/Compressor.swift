/// Compresses chunks, one after another; each thread has its own.
///
/// Equal input gives equal output under the same version of the library; nothing relies on that.
package final class Compressor {
    /// The zstd level that tells quickly whether anything can be gained.
    private static let trialLevel: Int32 = 1
    /// The zstd level for what has a prefix, where the setting names none: the longer the repetitions, the less it costs.
    private static let prefixLevel: Int32 = 3

    /// What it was made for.
    package let setting: CompressionSetting
    private var deflater: Deflater?
    private var zstd: ZstdCompressor?
    /// For text, where that deserves other parameters.
    private var textual: ZstdCompressor?
    /// For what has a prefix, made when it is needed first.
    private var prefixed: ZstdCompressor?
    private var trial: ZstdCompressor?

    /// Makes the contexts that the setting needs; throws `.libraryFailure`.
    package init(_ setting: CompressionSetting) throws {
        self.setting = setting
        switch setting.method {
        case .off: break
        case .adaptive:
            zstd = try ZstdCompressor(.quick)
            textual = try ZstdCompressor(.text)
        case .zlib(let level):
            deflater = try Deflater(level: level)
            trial = try ZstdCompressor(.level(Self.trialLevel))
        case .zstd(let level):
            zstd = try ZstdCompressor(.level(level))
            if level > Self.trialLevel { trial = try ZstdCompressor(.level(Self.trialLevel)) }
        }
    }

    /// The most room that input of this length needs: its own length, for what does not shrink is stored.
    package static func bound(_ inputByteCount: Int) -> Int { inputByteCount }

    /// Compresses into the buffer from an offset and returns the codec used and the length written.
    ///
    /// What compression shortens by less than a fiftieth is stored. The buffer must have room for `bound` bytes, else
    /// `.bufferTooSmall` is thrown; nothing beyond that range is touched.
    package func compress(
        _ input: RawSpan,
        into output: inout [UInt8],
        at offset: Int
    ) throws -> (codec: Codec, byteCount: Int) {
        let range = try usefulRange(for: input, in: output, at: offset)
        if !range.isEmpty, try mayShrink(input, into: &output, range: range) {
            if textual != nil, TextProbe.looksLikeText(input) {
                let count = try textual?.compress(input, into: &output, range: range) ?? nil
                if let count { return (.zstd, count) }
                return (.stored, try copy(input, into: &output, at: offset))
            }
            if let count = try zstd?.compress(input, into: &output, range: range) ?? nil { return (.zstd, count) }
            if let count = try deflater?.compress(input, into: &output, range: range) ?? nil { return (.zlib, count) }
        }
        return (.stored, try copy(input, into: &output, at: offset))
    }

    /// The same, where the reader will hold the content of a base chunk, the prefix, to repeat bytes from.
    ///
    /// Gives `.zstdPrefix` or `.stored`. Settings other than zstd, and an empty prefix, compress as if there were none.
    package func compress(
        _ input: RawSpan,
        prefix: RawSpan,
        into output: inout [UInt8],
        at offset: Int
    ) throws -> (codec: Codec, byteCount: Int) {
        guard prefix.byteCount > 0, try preparePrefixed() else {
            return try compress(input, into: &output, at: offset)
        }
        let range = try usefulRange(for: input, in: output, at: offset)
        if !range.isEmpty,
            let count = try prefixed?.compress(input, prefix: prefix, into: &output, range: range) ?? nil
        {
            return (.zstdPrefix, count)
        }
        return (.stored, try copy(input, into: &output, at: offset))
    }

    /// Whether the setting knows prefixes.
    private func preparePrefixed() throws -> Bool {
        if prefixed != nil { return true }
        switch setting.method {
        case .off, .zlib: return false
        case .adaptive: prefixed = try ZstdCompressor(.level(Self.prefixLevel))
        case .zstd(let level): prefixed = try ZstdCompressor(.level(level))
        }
        return true
    }

    /// Where a result may lie that is worth having; empty where none can be.
    private func usefulRange(for input: RawSpan, in output: borrowing [UInt8], at offset: Int) throws -> Range<Int> {
        let count = input.byteCount
        let range = try bufferRange(offset: offset, byteCount: Self.bound(count), capacity: output.count)
        return offset..<max(offset, range.upperBound - max(1, count / 50))
    }

    /// False where the data looks random and the quickest compression does not shrink it enough either.
    private func mayShrink(_ input: RawSpan, into output: inout [UInt8], range: Range<Int>) throws -> Bool {
        guard trial != nil, RandomnessProbe.looksRandom(input) else { return true }
        return try trial?.compress(input, into: &output, range: range) ?? nil != nil
    }
}
