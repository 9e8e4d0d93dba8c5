import Chunking
import Cryptography
import ObjectStorage
import Records
import Repository
import TestSupport
import Testing

/// Row 8 of the attack table: frames sealed with the right keys that claim or unfold to what they should not.
@Suite struct HostileFrameTests {
    /// What a hostile frame is.
    enum Attack: String, CaseIterable, Sendable {
        case zstdBombBeyondClaim, zstdBombWithTrueFirstBytes, zlibBombBeyondClaim, zstdHugeWindow, zstdSkippableFlood
        case zstdSecondFrame, zlibSecondStream, bytesAfterZstd, claimTooLong, claimTooShort, claimZero, storedTwoLengths
        case truncatedZstd, truncatedZlib, emptyZstd, wrongCodec, wrongID, wrongTypeInID
    }

    @Test("Row 8: bombs and false lengths are refused", arguments: Attack.allCases)
    func row8HostileFrames(_ attack: Attack) throws {
        let fixture = try RepositoryFixture()
        let pack = ForgedPack(repository: fixture.repository)
        let plain = [UInt8](repeating: 0x42, count: 100_000)
        let good = try compress(plain, "zstd")
        let goodZlib = try compress(plain, "zlib")
        let id = try pack.id(plain)
        let size = UInt32(plain.count)
        func frame(_ codec: UInt8, _ length: UInt32, _ bytes: [UInt8], id other: ChunkID? = nil) -> ForgedPack.Frame {
            ForgedPack.Frame(id: other ?? id, codec: codec, plainLength: length, bytes: bytes)
        }
        let forged: ForgedPack.Frame =
            switch attack {
            case .zstdBombBeyondClaim: frame(2, size, zstdBomb(blocks: 80_000))
            case .zstdBombWithTrueFirstBytes: frame(2, 1 << 17, zstdBomb(blocks: 2))
            case .zlibBombBeyondClaim:
                frame(1, size, try compress([UInt8](repeating: 0x42, count: 16 << 20), "zlib:9"))
            case .zstdHugeWindow: frame(2, size, hugeWindow())
            case .zstdSkippableFlood: frame(2, size, skippable(20_000) + good)
            case .zstdSecondFrame: frame(2, size, good + good)
            case .zlibSecondStream: frame(1, size, goodZlib + goodZlib)
            case .bytesAfterZstd: frame(2, size, good + [0])
            case .claimTooLong: frame(2, size + 1, good)
            case .claimTooShort: frame(2, size - 1, good)
            case .claimZero: frame(2, 0, good)
            case .storedTwoLengths: frame(0, size, Array(plain.dropLast()))
            case .truncatedZstd: frame(2, size, Array(good.dropLast(3)))
            case .truncatedZlib: frame(1, size, Array(goodZlib.dropLast(3)))
            case .emptyZstd: frame(2, size, [])
            case .wrongCodec: frame(1, size, good)
            case .wrongID: frame(2, size, good, id: try pack.id([1, 2, 3]))
            case .wrongTypeInID: frame(2, size, good, id: try pack.id(plain, type: 2))
            }
        let reference = try pack.put([forged])
        let index = try fixture.repository.loadIndex()
        #expect(try fixture.repository.indexUncoveredPacks(index).added == 1)
        let reader = try ChunkReader(repository: fixture.repository, index: index)
        var buffer: [UInt8] = []
        let error = #expect(throws: RepositoryError.self) {
            _ = try reader.load(forged.id, type: .data, into: &buffer)
        }
        #expect(error?.code == .integrity)
        // The output has the size that the directory claims, whatever the frame unfolds to.
        #expect(buffer.count <= 1 << 20)
        let verifier = try PackVerifier(repository: fixture.repository, index: index)
        let result = try verifier.verify(reference)
        #expect(result.damagedChunks == [forged.id])
        #expect(result.problems.contains { $0.isDamage })
    }

    @Test("Row 8: the frame that all attacks are variations of is read")
    func row8TheGoodFrameIsRead() throws {
        let fixture = try RepositoryFixture()
        let pack = ForgedPack(repository: fixture.repository)
        let plain = [UInt8](repeating: 0x42, count: 100_000)
        let frames = try [
            ForgedPack.Frame(id: pack.id(plain), codec: 2, plainLength: 100_000, bytes: compress(plain, "zstd")),
            ForgedPack.Frame(id: pack.id([7]), codec: 0, plainLength: 1, bytes: [7]),
        ]
        let reference = try pack.put(frames, padding: 333)
        #expect(try fixture.repository.loadChunk(frames[0].id) == plain)
        #expect(try fixture.repository.loadChunk(frames[1].id) == [7])
        let index = try fixture.repository.loadIndex()
        let result = try PackVerifier(repository: fixture.repository, index: index).verify(reference)
        #expect(result.problems.isEmpty)
        #expect(result.chunkCount == 2)
        #expect(result.byteCount == reference.byteCount)
    }

    /// What a directory claims beyond the bounds.
    enum Claim: String, CaseIterable, Sendable {
        case plainAboveBound, compressedAboveBound, framesBeyondPack, unknownCodec, unknownType, metadataTypeInDataPack
        case baseWithoutDeltaCodec, deltaCodecWithoutBase
    }

    @Test("Row 8: a directory that claims what cannot be is refused before memory is taken", arguments: Claim.allCases)
    func row8HostileDirectories(_ claim: Claim) throws {
        let fixture = try RepositoryFixture()
        let pack = ForgedPack(repository: fixture.repository)
        var frame = try pack.stored([1, 2, 3])
        switch claim {
        case .plainAboveBound: frame.plainLength = 16 << 20 + 1
        case .compressedAboveBound: frame.claimedLength = 17 << 20
        case .framesBeyondPack: frame.claimedLength = 1000
        case .unknownCodec: frame.codec = 9
        case .unknownType: frame.type = 9
        case .metadataTypeInDataPack: frame.type = 2
        case .baseWithoutDeltaCodec: frame.base = frame.id
        case .deltaCodecWithoutBase: frame.codec = 3
        }
        let reference = try pack.put([frame])
        #expect(throws: RepositoryError.self) { try fixture.repository.readPackDirectory(reference) }
        let index = try fixture.repository.loadIndex()
        #expect(try fixture.repository.indexUncoveredPacks(index).damaged.count == 1)
        let result = try PackVerifier(repository: fixture.repository, index: index).verify(reference)
        #expect(result.problems.contains { $0.isDamage })
    }

    @Test("Row 8: a delta whose base is missing, a delta itself or the delta is refused")
    func row8DeltaChains() throws {
        let fixture = try RepositoryFixture()
        let pack = ForgedPack(repository: fixture.repository)
        let base = [UInt8](repeating: 1, count: 5000)
        let plain = [UInt8](repeating: 2, count: 5000)
        let delta = try compress(plain, "zstd")
        let id = try pack.id(plain)
        let baseID = try pack.id(base)
        func deltaFrame(_ id: ChunkID, base: ChunkID) -> ForgedPack.Frame {
            ForgedPack.Frame(id: id, codec: 3, plainLength: 5000, bytes: delta, base: base)
        }
        // A frame that never looks back at its base is a valid delta of any base.
        try pack.put([deltaFrame(id, base: baseID)])
        #expect(throws: RepositoryError.self) { try fixture.repository.loadChunk(id) }
        let itself = try RepositoryFixture()
        try ForgedPack(repository: itself.repository).put([deltaFrame(id, base: id)])
        #expect(throws: RepositoryError.self) { try itself.repository.loadChunk(id) }
        try pack.put([deltaFrame(baseID, base: id)])
        #expect(throws: RepositoryError.self) { try fixture.repository.loadChunk(id) }
        try pack.put([try pack.stored(base)])
        #expect(try fixture.repository.loadChunk(id) == plain)
    }

    @Test("Row 8: a chunk with a damaged copy and a good one is read")
    func row8AnotherCopyIsFound() throws {
        let fixture = try RepositoryFixture()
        let pack = ForgedPack(repository: fixture.repository)
        let plain = Array("customer data".utf8)
        var forged = try pack.stored(plain)
        forged.bytes = Array("other content".utf8)
        try pack.put([forged])
        #expect(throws: RepositoryError.self) { try fixture.repository.loadChunk(forged.id) }
        try pack.put([try pack.stored(plain)])
        #expect(try fixture.repository.loadChunk(forged.id) == plain)
    }
}

/// Compressed bytes by a setting.
private func compress(_ bytes: [UInt8], _ setting: String) throws -> [UInt8] {
    let compressor = try Compressor(CompressionSetting(parsing: setting))
    var output = [UInt8](repeating: 0, count: Compressor.bound(bytes.count))
    let count = try unsafe compressor.compress(bytes.span.bytes, into: &output, at: 0).byteCount
    return Array(output.prefix(count))
}

/// A zstd frame that does not say how long its content is: so many blocks of 128 KiB, four bytes each (RFC 8878, §3.1.1).
private func zstdBomb(blocks: Int) -> [UInt8] {
    // No single segment, no content size; window 128 KiB.
    var frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 7 << 3]
    for block in 0..<blocks {
        let header = UInt64(block == blocks - 1 ? 1 : 0) | 1 << 1 | UInt64(128 << 10) << 3
        frame += littleEndian(header, 3) + [0x42]
    }
    return frame
}

/// A frame that asks for a window of 2 GiB.
private func hugeWindow() -> [UInt8] {
    [0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3] + littleEndian(1 | 1 << 1 | 100_000 << 3, 3) + [0x42]
}

/// So many skippable frames without content.
private func skippable(_ count: Int) -> [UInt8] {
    Array((0..<count).map { _ in [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0] as [UInt8] }.joined())
}
