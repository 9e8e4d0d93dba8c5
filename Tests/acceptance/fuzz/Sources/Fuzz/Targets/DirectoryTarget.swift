import Chunking
import Cryptography
import FileSystem
import Records

@testable import RecordSamples
@testable import Repository

/// Directories of packs, alone and in index fragments, and the table that is made of them.
final class DirectoryTarget: FuzzTarget {
    static let name = "directory"
    static let parsers = [
        "Repository/Index/IndexFragment.swift", "Repository/Index/IndexFragmentHeader.swift",
        "Repository/Packs/DirectoryEntry.swift",
    ]

    private let fixture: Fixture

    init() throws { fixture = try Fixture() }

    func run(_ input: [UInt8]) throws {
        var input = InputReader(input)
        let mode = input.byte()
        switch mode % 4 {
        case 0: try checkDirectory(input.remainder(), mode & 4 == 0 ? .data : .metadata)
        case 1: try checkFragment(input.remainder(), makesTable: mode & 4 != 0)
        case 2: try checkSealed(fields: input.block(), input.remainder())
        default: try checkObject(input.remainder())
        }
    }

    private func checkDirectory(_ bytes: [UInt8], _ type: PackType) throws {
        var reader = ByteReader(bytes, what: "pack directory")
        guard let entries = try attempt({ try DirectoryEntry.read(&reader, packType: type) }) else { return }
        var written: [UInt8] = []
        written.appendLittleEndian(UInt32(entries.count))
        for entry in entries {
            entry.append(to: &written)
            try require(entry.plainLength <= FormatBounds.plainChunk, "a chunk of \(entry.plainLength) bytes passes")
            try require(entry.type.packType == type, "a chunk of another type passes")
        }
        let count = bytes.count - reader.remaining
        try require(written == Array(bytes.prefix(count)), "a directory is written otherwise than it was read")
    }

    /// The plaintext of a fragment has one encoding; a table made of it finds all that it describes.
    private func checkFragment(_ plain: [UInt8], makesTable: Bool) throws {
        guard let packs = try attempt({ try IndexFragment.decode(plain) }) else { return }
        var written: [UInt8] = []
        written.appendLittleEndian(UInt32(packs.count))
        for pack in packs {
            pack.name.append(to: &written)
            written.appendLittleEndian(pack.byteCount)
            written.appendLittleEndian(pack.framesOffset)
            written += [pack.type.rawValue, 0, 0, 0]
            written.appendLittleEndian(UInt32(pack.entries.count))
            for entry in pack.entries { entry.append(to: &written) }
        }
        try require(written == plain, "a fragment is written otherwise than it was read")
        if makesTable { try checkTable(packs) }
        let sealed = try IndexFragment.seal(packs, keys: fixture.keys, repository: fixture.id, suite: Fixture.suite)
        let opened = try IndexFragment.open(sealed, repository: fixture.id) { _, _ in fixture.keys }
        try require(opened == packs, "a fragment changes when it is sealed and opened")
    }

    private func checkTable(_ packs: [StoredPack]) throws {
        let file = try Descriptor.anonymousMemory(named: "fuzz")
        defer { try? file.close() }
        try IndexTableWriter.write(packs: packs, fragments: [], to: file)
        guard let table = IndexTable(map: try MappedFile(file)) else { throw Finding(message: "a table is not whole") }
        for pack in packs {
            var offset = UInt64(pack.framesOffset)
            for entry in pack.entries {
                guard var position = table.position(of: entry.id) else {
                    throw Finding(message: "chunk \(entry.id.hex) is not in the table")
                }
                var isFound = false
                while !isFound, position < table.entryCount, table.id(at: position) == entry.id {
                    let location = try table.location(at: position)
                    isFound = location.pack == pack.name && location.offset == offset && location.entry == entry
                    position += 1
                }
                try require(isFound, "chunk \(entry.id.hex) is in the table with another place")
                offset += UInt64(entry.frameLength)
            }
        }
    }

    /// A fragment that a holder of the keys has sealed.
    private func checkSealed(fields: [UInt8], _ plain: [UInt8]) throws {
        var object = RecordKind.index.magic
        object.appendLittleEndian(UInt32(fields.count))
        object += fields
        guard let (header, count) = try attempt({ try IndexFragmentHeader.parse(object) }) else { return }
        try require(count == object.count, "the header of a fragment ends elsewhere than it says")
        var info = Array("holdfast/v1/index".utf8)
        info += header.repository.bytes
        let key = try unsafe HKDF.derive(
            from: fixture.keys.directoryKey,
            salt: header.salt.span.bytes,
            info: info.span.bytes,
            count: 32
        )
        var aead = try AEAD(suite: header.suite, key: key)
        var sealed = [UInt8](repeating: 0, count: plain.count + AEAD.tagByteCount)
        try unsafe aead.seal(plain.span.bytes, counter: 0, associatedData: object.span.bytes, into: &sealed, at: 0)
        let opened = try attempt {
            try IndexFragment.open(object + sealed, repository: fixture.id) { _, _ in fixture.keys }
        }
        let direct = try attempt { try IndexFragment.decode(plain) }
        try require(opened == nil || opened == direct, "a sealed fragment reads otherwise than its plaintext")
        try require(
            opened != nil || direct == nil || header.repository != fixture.id,
            "a fragment does not open that is sound"
        )
    }

    private func checkObject(_ object: [UInt8]) throws {
        let opened = try attempt {
            try IndexFragment.open(object, repository: fixture.id) { _, _ in fixture.keys }
        }
        try require(opened == nil, "a fragment opens that nobody has sealed")
    }

    func seeds() throws -> [[UInt8]] {
        var source = try RecordSource(seed: 55)
        var seeds: [[UInt8]] = []
        let header = IndexFragmentHeader(
            repository: fixture.id,
            suite: .chaCha20Poly1305,
            domain: fixture.domain,
            epoch: 1,
            salt: [UInt8](repeating: 4, count: 32)
        ).encodedPrefix()
        for round in 0..<8 {
            let packs = try (0..<(round % 4)).map { _ in try samplePack(&source) }
            var plain: [UInt8] = []
            plain.appendLittleEndian(UInt32(packs.count))
            for pack in packs {
                var directory: [UInt8] = []
                directory.appendLittleEndian(UInt32(pack.entries.count))
                for entry in pack.entries { entry.append(to: &directory) }
                seeds.append([pack.type == .data ? 0 : 4] + directory)
                pack.name.append(to: &plain)
                plain.appendLittleEndian(pack.byteCount)
                plain.appendLittleEndian(pack.framesOffset)
                plain += [pack.type.rawValue, 0, 0, 0]
                plain += directory
            }
            seeds.append([1] + plain)
            seeds.append([5] + plain)
            var sealed = InputWriter()
            sealed.byte(2)
            sealed.block(Array(header.dropFirst(12)))
            sealed.raw(plain)
            seeds.append(sealed.bytes)
        }
        let object = try IndexFragment.seal([], keys: fixture.keys, repository: fixture.id, suite: .aes256GCM)
        return seeds + [[3] + object.dropLast() + [0]]
    }

    private func samplePack(_ source: inout RecordSource) throws -> StoredPack {
        let type: PackType = source.chance() ? .data : .metadata
        let entries = try source.list(4) { source in
            let isDelta = source.count(3) == 0
            return DirectoryEntry(
                id: try source.digest(),
                type: type == .data ? .data : (source.chance() ? .manifestPage : .extentPage),
                codec: isDelta ? .zstdPrefix : (source.chance() ? .zstd : .stored),
                plainLength: UInt32(source.count(1 << 20)),
                compressedLength: UInt32(source.count(1 << 16)),
                base: isDelta ? try source.digest() : nil
            )
        }
        let frames = entries.reduce(0) { $0 + $1.frameLength }
        return StoredPack(
            name: try source.digest(),
            byteCount: UInt64(frames + 1000),
            framesOffset: 300,
            type: type,
            entries: entries
        )
    }
}
