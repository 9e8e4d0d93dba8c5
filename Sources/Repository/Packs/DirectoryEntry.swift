package import Chunking
import Cryptography
package import Records

/// One frame as a pack's directory describes it (format.md §8).
package struct DirectoryEntry: Hashable, Sendable {
    /// The chunk's id.
    package var id: ChunkID
    /// What the chunk is.
    package var type: ChunkType
    /// How it is compressed.
    package var codec: Codec
    /// Length of the plaintext, bytes.
    package var plainLength: UInt32
    /// Length of the compressed chunk, bytes, without its tag.
    package var compressedLength: UInt32
    /// The chunk that serves as prefix, for `Codec.zstdPrefix` only.
    package var base: ChunkID?

    /// Puts the parts together.
    package init(
        id: ChunkID,
        type: ChunkType,
        codec: Codec,
        plainLength: UInt32,
        compressedLength: UInt32,
        base: ChunkID? = nil
    ) {
        self.id = id
        self.type = type
        self.codec = codec
        self.plainLength = plainLength
        self.compressedLength = compressedLength
        self.base = base
    }

    /// Length of the frame in the pack, bytes.
    package var frameLength: Int { Int(compressedLength) + 16 }

    /// Length of an entry without a base, bytes.
    static let encodedLength = 44

    func append(to bytes: inout [UInt8]) {
        id.append(to: &bytes)
        bytes.append(type.rawValue)
        bytes.append(codec.rawValue)
        bytes.append(base == nil ? 0 : 1)
        bytes.append(0)
        bytes.appendLittleEndian(plainLength)
        bytes.appendLittleEndian(compressedLength)
        base?.append(to: &bytes)
    }

    /// Reads one entry and checks it against the bounds of the format and the type of its pack.
    init(reading reader: inout ByteReader, in packType: PackType) throws {
        id = try reader.digest()
        let rawType = try reader.u8()
        let rawCodec = try reader.u8()
        let flags = try reader.u8()
        let zero = try reader.u8()
        plainLength = try reader.u32()
        compressedLength = try reader.u32()
        guard let type = ChunkType(rawValue: rawType), type.packType == packType else {
            throw RepositoryError(.integrity, "a pack directory names a chunk of type \(rawType) in a \(packType) pack")
        }
        guard let codec = Codec(rawValue: rawCodec) else {
            throw RepositoryError(.unsupported, "a chunk is compressed by codec \(rawCodec), which this version lacks")
        }
        guard zero == 0, flags & ~1 == 0, (flags == 1) == (codec == .zstdPrefix) else {
            throw RepositoryError(.integrity, "a pack directory entry has flags \(flags) that its codec does not allow")
        }
        guard plainLength <= FormatBounds.plainChunk, compressedLength <= FormatBounds.compressedChunk else {
            throw RepositoryError(
                .integrity,
                "a pack directory claims a chunk of \(plainLength) bytes, above the bound"
            )
        }
        self.type = type
        self.codec = codec
        base = flags == 1 ? try reader.digest() : nil
    }

    /// Reads `count` entries.
    ///
    /// - Throws: `RepositoryError.integrity` for a count or entry beyond the bounds; nothing is allocated by the claim.
    static func read(_ reader: inout ByteReader, packType: PackType) throws -> [DirectoryEntry] {
        let count = try reader.u32()
        guard count <= FormatBounds.framesInPack, Int(count) * encodedLength <= reader.remaining else {
            throw RepositoryError(.integrity, "a pack directory claims \(count) frames, more than it has room for")
        }
        var entries: [DirectoryEntry] = []
        entries.reserveCapacity(Int(count))
        for _ in 0..<count { entries.append(try DirectoryEntry(reading: &reader, in: packType)) }
        return entries
    }
}
