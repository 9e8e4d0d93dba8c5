/// The header of a zstd frame (RFC 8878, section 3.1.1.1), read before anything is decompressed.
struct ZstdFrameHeader: Equatable {
    private static let magic: UInt32 = 0xfd2f_b528

    /// The history that a decoder must keep, in bytes.
    let windowByteCount: UInt64
    /// The length of the content where the frame tells it.
    let contentByteCount: UInt64?

    /// Reads the header of an ordinary frame without dictionary; throws `.corrupt` for anything else.
    init(_ bytes: RawSpan) throws {
        func byte(_ offset: Int) throws -> UInt64 {
            guard offset < bytes.byteCount else {
                throw ChunkingError(code: .corrupt, message: "a zstd frame ends in its header")
            }
            return UInt64(unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
        }
        func integer(at offset: Int, byteCount: Int) throws -> UInt64 {
            try (0..<byteCount).reversed().reduce(0) { try $0 << 8 | byte(offset + $1) }
        }
        guard try integer(at: 0, byteCount: 4) == Self.magic else {
            throw ChunkingError(code: .corrupt, message: "the bytes do not begin with a zstd frame")
        }
        let descriptor = try byte(4)
        guard descriptor & 0b0000_1000 == 0, descriptor & 0b0000_0011 == 0 else {
            throw ChunkingError(code: .corrupt, message: "a zstd frame uses a dictionary or a reserved flag")
        }
        let isSingleSegment = descriptor & 0b0010_0000 != 0
        let sizeFlag = Int(descriptor >> 6)
        let sizeOffset = isSingleSegment ? 5 : 6
        if isSingleSegment || sizeFlag > 0 {
            let size = try integer(at: sizeOffset, byteCount: 1 << sizeFlag)
            contentByteCount = sizeFlag == 1 ? size + 256 : size
        } else {
            contentByteCount = nil
        }
        if isSingleSegment {
            windowByteCount = contentByteCount ?? 0
        } else {
            let window = try byte(5)
            let base: UInt64 = 1 << (10 + window >> 3)
            windowByteCount = base + base / 8 * (window & 7)
        }
    }

    /// Throws `.corrupt` for another content length than the one expected, or for a window above it and above 128 MiB.
    func check(contentByteCount expected: Int) throws {
        if let contentByteCount, contentByteCount != UInt64(expected) {
            throw ChunkingError(
                code: .corrupt,
                message: "a zstd frame claims \(contentByteCount) bytes instead of \(expected)"
            )
        }
        guard windowByteCount <= max(1 << ZstdCompressor.greatestWindowLog, UInt64(expected)) else {
            throw ChunkingError(
                code: .corrupt,
                message: "a zstd frame asks for a window of \(windowByteCount) bytes, above the limit of 128 MiB"
            )
        }
    }
}
