package import Chunking
import Cryptography
import Glibc

/// Compresses, seals and verifies chunks with buffers that are kept.
///
/// One per thread.
package struct ChunkEncoder: ~Copyable {
    private let compressor: Compressor
    private let decompressor: Decompressor
    /// Whether each frame is decrypted, decompressed and compared before it is stored.
    package let verifies: Bool
    private var compressed: [UInt8] = []
    private var compressedCount = 0
    private var sealed: [UInt8] = []
    private var sealedCount = 0
    private var opened: [UInt8] = []
    private var plain: [UInt8] = []

    /// Makes an encoder.
    package init(compression: CompressionSetting, verifies: Bool) throws {
        let compressor = try Compressor(compression)
        let decompressor = try Decompressor()
        self.compressor = compressor
        self.decompressor = decompressor
        self.verifies = verifies
    }

    mutating func compress(_ plaintext: RawSpan) throws -> (codec: Codec, byteCount: Int) {
        ChunkEncoder.reserve(&compressed, Compressor.bound(plaintext.byteCount))
        let result = try compressor.compress(plaintext, into: &compressed, at: 0)
        compressedCount = result.byteCount
        return result
    }

    mutating func seal(with aead: inout AEAD, counter: UInt64, associatedData: [UInt8]) throws {
        sealedCount = compressedCount + AEAD.tagByteCount
        ChunkEncoder.reserve(&sealed, sealedCount)
        // A reference of its own to the input: no copy, and no overlap with the output.
        let input = compressed
        try unsafe aead.seal(
            input.span.bytes.extracting(0..<compressedCount),
            counter: counter,
            associatedData: associatedData.span.bytes,
            into: &sealed,
            at: 0
        )
    }

    /// Lends the frame sealed last.
    func withFrame<R>(_ body: (RawSpan) throws -> R) rethrows -> R {
        try unsafe body(sealed.span.bytes.extracting(0..<sealedCount))
    }

    /// Opens the sealed bytes again and compares with the source buffer: a bit that flipped in memory after the chunk
    /// was read must not become a backup.
    mutating func verify(
        _ plaintext: RawSpan,
        codec: Codec,
        with aead: inout AEAD,
        counter: UInt64,
        associatedData: [UInt8]
    ) throws {
        ChunkEncoder.reserve(&opened, compressedCount)
        let frame = sealed
        try unsafe aead.open(
            frame.span.bytes.extracting(0..<sealedCount),
            counter: counter,
            associatedData: associatedData.span.bytes,
            into: &opened,
            at: 0
        )
        let input = opened
        let same: Bool
        if codec == .stored {
            same = unsafe input.span.bytes.extracting(0..<compressedCount).elementsEqual(plaintext)
        } else {
            ChunkEncoder.reserve(&plain, plaintext.byteCount)
            try unsafe decompressor.decompress(
                codec,
                input.span.bytes.extracting(0..<compressedCount),
                expectedByteCount: plaintext.byteCount,
                into: &plain,
                at: 0
            )
            same = unsafe plain.span.bytes.extracting(0..<plaintext.byteCount).elementsEqual(plaintext)
        }
        guard same else {
            throw RepositoryError(
                .integrity,
                "a chunk did not come back as it was read: memory or processor of this machine is faulty"
            )
        }
    }

    private static func reserve(_ buffer: inout [UInt8], _ count: Int) {
        guard buffer.count < count else { return }
        // In steps, so that slightly larger chunks do not reallocate again and again.
        let step = 256 * 1024
        buffer = [UInt8](repeating: 0, count: (count + step - 1) / step * step)
    }
}

extension RawSpan {
    /// Whether both hold the same bytes.
    func elementsEqual(_ other: RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        return unsafe withUnsafeBytes { left in
            unsafe other.withUnsafeBytes { right in
                guard let leftBase = left.baseAddress, let rightBase = right.baseAddress else { return true }
                return unsafe memcmp(leftBase, rightBase, left.count) == 0
            }
        }
    }
}

extension ChunkEncoder {
    /// How many bytes a chunk would take as a frame, for dry runs.
    package mutating func storedByteCount(of plaintext: RawSpan) throws -> Int {
        try compress(plaintext).byteCount + AEAD.tagByteCount
    }
}
