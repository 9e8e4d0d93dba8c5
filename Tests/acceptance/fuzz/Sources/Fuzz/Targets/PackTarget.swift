import Chunking
import Cryptography
import FileSystem
import ObjectStorage
import Records
import TestSupport

@testable import Repository

/// Whole packs with the right keys: header, trailer, directory, frames, and the chunks in them.
final class PackTarget: FuzzTarget {
    static let name = "pack"
    static let parsers = [
        "Records/Packs/PackHeader.swift", "Repository/Keys/ContentKey.swift", "Repository/Packs/DirectoryEntry.swift",
        "Repository/Packs/PackDirectory.swift", "Repository/Packs/PackSealing.swift",
        "Repository/Reading/ChunkReader.swift", "Repository/Reading/OpenPack.swift",
    ]
    static let options = ["-max_len=4096"]

    private let fixture: Fixture
    private let decompressor: Decompressor

    init() throws {
        fixture = try Fixture()
        decompressor = try Decompressor()
    }

    /// What the flags of an input mean.
    private enum Flag {
        static let metadata: UInt8 = 1
        static let header: UInt8 = 2
        static let directory: UInt8 = 4
        static let trailer: UInt8 = 8
        static let cut: UInt8 = 16
        static let raw: UInt8 = 32
    }

    /// A chunk as the target knows it: its content, if the frame gives one.
    private struct Chunk {
        var frame: ForgedFrame
        var content: [UInt8]?
        /// Whether its entry keeps the rules of a directory.
        var isSound: Bool
    }

    func run(_ input: [UInt8]) throws {
        var input = InputReader(input)
        let flags = input.byte()
        fixture.clear()
        if flags & Flag.raw != 0 { return try check(input.remainder(), chunks: nil) }
        var forge = PackForge(fixture: fixture, type: flags & Flag.metadata == 0 ? .data : .metadata)
        if flags & Flag.header != 0 { forge.headerFields = input.block() }
        if flags & Flag.directory != 0 { forge.directory = input.block() }
        if flags & Flag.trailer != 0 { forge.trailer = input.take(8) }
        let cut = flags & Flag.cut == 0 ? 0 : Int(input.integer(2))
        forge.padding = Int(input.byte())
        var chunks: [Chunk] = []
        while !input.isAtEnd, chunks.count < 8 { chunks.append(try chunk(&input, forge.type, chunks)) }
        guard let pack = try attempt({ try forge.pack(chunks.map(\.frame)) }) else { return }
        let isHonest = flags & ~Flag.metadata == 0
        try check(Array(pack.dropLast(min(cut, pack.count))), chunks: isHonest ? chunks : nil)
    }

    /// A frame of an input, with the id that its content has.
    private func chunk(_ input: inout InputReader, _ type: PackType, _ before: [Chunk]) throws -> Chunk {
        let kinds = input.byte()
        let rawType = kinds >> 2 & 3
        let chunkType: ChunkType =
            kinds & 0x10 != 0 ? ChunkType(rawValue: rawType) ?? .data : (type == .data ? .data : .manifestPage)
        let codec = Codec(rawValue: kinds & 3) ?? .stored
        let base = codec == .zstdPrefix && !before.isEmpty ? before[input.choice(before.count)] : nil
        let plainLength = Int(input.integer(3))
        let compressed = input.block()
        var content: [UInt8]?
        if plainLength <= 1 << 20 {
            var output = [UInt8](repeating: 0, count: plainLength)
            let prefix = base?.content ?? []
            let isGood = try accepts {
                try unsafe decompressor.decompress(
                    codec,
                    compressed.span.bytes,
                    prefix: prefix.span.bytes,
                    expectedByteCount: plainLength,
                    into: &output,
                    at: 0
                )
            }
            if isGood { content = output }
        }
        if codec == .zstdPrefix,
            base?.content == nil || base?.frame.entry.base != nil
                || base?.frame.entry.type != chunkType
        {
            content = nil
        }
        var id = try content.map { try fixture.chunkID($0, chunkType) } ?? .zero
        if kinds & 0x20 != 0 {
            id = .zero
            content = nil
        }
        let entry = DirectoryEntry(
            id: id,
            type: chunkType,
            codec: codec,
            plainLength: UInt32(plainLength),
            compressedLength: UInt32(compressed.count),
            base: base?.frame.entry.id
        )
        return Chunk(
            frame: ForgedFrame(entry: entry, compressed: compressed),
            content: content,
            isSound: chunkType.packType == type && (base != nil) == (codec == .zstdPrefix)
        )
    }

    /// - Parameter chunks: what the pack holds, if it is an honest one.
    private func check(_ pack: [UInt8], chunks: [Chunk]?) throws {
        let name = try sha256(pack)
        try fixture.store.put(.init(ObjectNames.pack(name)), pack)
        let reference = PackReference(name: name, byteCount: UInt64(pack.count))
        let stored = try attempt { try fixture.repository.readPackDirectory(reference) }
        if let stored, let chunks {
            try require(
                stored.entries == chunks.map(\.frame.entry),
                "a directory is read otherwise than it was written"
            )
        }
        guard let stored else {
            return try require(chunks?.allSatisfy(\.isSound) != true, "a sound pack is refused")
        }
        // Bases are found by the index, whose table takes longer to make than all the rest; other chunks by their place.
        let needsIndex = stored.entries.contains { $0.base != nil }
        let reader = try ChunkReader(
            repository: fixture.repository,
            index: LocalIndex(reusable: needsIndex ? [try quickTable([stored])] : [], others: [])
        )
        var offset = UInt64(stored.framesOffset)
        for (number, entry) in stored.entries.enumerated() {
            let location = ChunkLocation(pack: name, packByteCount: UInt64(pack.count), offset: offset, entry: entry)
            try load(entry, chunks?[number].content) { buffer in
                needsIndex
                    ? try reader.load(entry.id, type: entry.type, into: &buffer)
                    : try reader.load(location, into: &buffer, allowBase: false)
            }
            offset += UInt64(entry.frameLength)
        }
    }

    /// What comes out is what the id says; what is sound comes out.
    private func load(
        _ entry: DirectoryEntry,
        _ content: [UInt8]?,
        _ load: (inout [UInt8]) throws -> Int
    ) throws {
        var buffer: [UInt8] = []
        guard let count = try attempt({ try load(&buffer) }) else {
            return try require(content == nil, "a sound chunk of \(content?.count ?? 0) bytes does not come out")
        }
        let plain = Array(buffer.prefix(count))
        try require(plain.count == count, "a chunk is shorter than it is said to be")
        try require(try fixture.chunkID(plain, entry.type) == entry.id, "a chunk came out that is not what its id says")
    }

    func seeds() throws -> [[UInt8]] {
        let text = Array(String(repeating: "all the same and nothing new, ", count: 12).utf8)
        let other = text.dropFirst(9) + Array("but for this".utf8)
        let parts: [(Codec, [UInt8])] = [(.stored, Array(text.prefix(40))), (.zlib, text), (.zstd, text)]
        var seeds: [[UInt8]] = []
        for flags in [UInt8(0), 1] {
            var whole = InputWriter()
            whole.byte(flags)
            whole.byte(20)
            for (codec, content) in parts {
                var single = InputWriter()
                single.byte(flags)
                single.byte(3)
                try append(codec, content, to: &single)
                seeds.append(single.bytes)
                try append(codec, content, to: &whole)
            }
            // A delta of the third.
            let compressor = try Compressor(CompressionSetting(parsing: "zstd"))
            var output = [UInt8](repeating: 0, count: 1 << 16)
            let result = try unsafe compressor.compress(
                Array(other).span.bytes,
                prefix: text.span.bytes,
                into: &output,
                at: 0
            )
            whole.byte(result.codec.rawValue)
            if result.codec == .zstdPrefix { whole.byte(2) }
            whole.integer(UInt64(other.count), 3)
            whole.block(Array(output.prefix(result.byteCount)))
            seeds.append(whole.bytes)
            // Nothing in it; a header, a directory, a trailer of the input's own; cut off.
            seeds.append([flags, 0])
            var own = InputWriter()
            own.byte(flags | Flag.header)
            own.block(Array(try fixture.packHeader(flags == 0 ? .data : .metadata).encodedPrefix().dropFirst(12)))
            own.raw(Array(whole.bytes.dropFirst()))
            seeds.append(own.bytes)
            var directory = InputWriter()
            directory.byte(flags | Flag.directory)
            directory.block(
                [1, 0, 0, 0] + [UInt8](repeating: 0, count: 32) + [flags + 1, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0]
            )
            directory.raw(Array(whole.bytes.dropFirst()))
            seeds.append(directory.bytes)
            seeds.append([flags | Flag.trailer, 60, 0, 0, 0, 0, 0, 0, 0] + whole.bytes.dropFirst())
            seeds.append([flags | Flag.cut, 9, 0] + whole.bytes.dropFirst())
        }
        return seeds + [[Flag.raw] + (try PackForge(fixture: fixture, type: .data).pack([]))]
    }

    private func append(_ codec: Codec, _ content: [UInt8], to input: inout InputWriter) throws {
        let names: [Codec: String] = [.stored: "off", .zlib: "zlib", .zstd: "zstd"]
        let compressor = try Compressor(CompressionSetting(parsing: names[codec] ?? "off"))
        var output = [UInt8](repeating: 0, count: 1 << 16)
        let result = try unsafe compressor.compress(content.span.bytes, into: &output, at: 0)
        input.byte(result.codec.rawValue)
        input.integer(UInt64(content.count), 3)
        input.block(Array(output.prefix(result.byteCount)))
    }
}
