import Chunking
import Cryptography
import Glibc
import ObjectStorage
package import Records

/// When a pack is full: sizes in bytes.
package struct PackSizing: Sendable, Hashable {
    /// A pack is not closed below this size, unless the run ends.
    package var target: Int
    /// A pack is closed at this size at the latest.
    package var limit: Int

    /// 16 MiB at least, 24 MiB at most.
    package static let standard = PackSizing(target: 16 << 20, limit: 24 << 20)

    /// Takes sizes.
    package init(target: Int, limit: Int) {
        self.target = target
        self.limit = limit
    }

    /// Whether to close a pack of `length` bytes, directory included: between target and limit a moment is awaited at
    /// which the padding costs less than 1/256.
    func shouldClose(_ length: Int) -> Bool {
        guard length >= target else { return false }
        if length >= limit { return true }
        return Padme.padded(length) - length <= length / 256
    }
}

/// A pack as it stands in the store.
package struct StoredPack: Sendable, Hashable {
    /// The SHA-256 of its bytes, its name.
    package var name: ObjectHash
    /// Its length, bytes.
    package var byteCount: UInt64
    /// Where frame 0 begins.
    package var framesOffset: UInt32
    /// What its chunks are.
    package var type: PackType
    /// Its frames in order.
    package var entries: [DirectoryEntry]
}

/// Builds one pack, frame by frame, straight into the store's writer: memory does not grow with the pack.
final class PackBuilder {
    let type: PackType
    /// Tells the packs of a run apart before they have names.
    let number: Int
    private var sealing: PackSealing
    private var sealer: AEAD
    private var verifier: AEAD
    private let writer: any ObjectWriter
    private var hash: SHA256
    private(set) var entries: [DirectoryEntry] = []
    private var byteCount: Int
    private let framesOffset: Int

    init(
        number: Int = 0,
        header: PackHeader,
        keys: DomainKeys,
        contentKey: borrowing Secret,
        writer: any ObjectWriter
    ) throws {
        guard let type = PackType(rawValue: UInt8(truncatingIfNeeded: header.type)) else {
            throw RepositoryError(.invalidRequest, "a pack of type \(header.type) cannot be built")
        }
        self.type = type
        self.number = number
        self.writer = writer
        let headerBytes = header.encodedPrefix()
        sealing = try PackSealing(header: header, headerBytes: headerBytes, keys: keys)
        let frameKey = try PackSealing.frameKey(header: header, contentKey: contentKey)
        sealer = try AEAD(suite: header.suite, key: frameKey)
        verifier = try AEAD(suite: header.suite, key: frameKey)
        hash = try SHA256()
        byteCount = headerBytes.count
        framesOffset = headerBytes.count
        try unsafe hash.update(headerBytes.span.bytes)
        try unsafe writer.append(headerBytes.span.bytes)
    }

    /// The pack's length if it were closed now, without padding.
    var length: Int {
        byteCount + 4 + entries.count * DirectoryEntry.encodedLength + AEAD.tagByteCount + PackSealing.trailerLength
    }

    /// Seals a chunk into the pack and, if the encoder verifies, reads it back from the sealed bytes first.
    ///
    /// - Throws: `RepositoryError.integrity` if what would be stored does not give back the plaintext.
    func append(_ id: ChunkID, type: ChunkType, plaintext: RawSpan, encoder: inout ChunkEncoder) throws
        -> DirectoryEntry
    {
        let compressed = try encoder.compress(plaintext)
        let entry = DirectoryEntry(
            id: id,
            type: type,
            codec: compressed.codec,
            plainLength: UInt32(plaintext.byteCount),
            compressedLength: UInt32(compressed.byteCount)
        )
        sealing.bind(entry)
        // A frame's place in the pack is its nonce: unique under the pack's key, and known wherever the frame is found.
        let counter = UInt64(byteCount)
        try encoder.seal(with: &sealer, counter: counter, associatedData: sealing.frameAssociatedData)
        if encoder.verifies {
            try encoder.verify(
                plaintext,
                codec: entry.codec,
                with: &verifier,
                counter: counter,
                associatedData: sealing.frameAssociatedData
            )
        }
        try encoder.withFrame { frame in
            try hash.update(frame)
            try writer.append(frame)
            byteCount += frame.byteCount
        }
        entries.append(entry)
        return entry
    }

    /// Writes padding, directory and trailer.
    ///
    /// The pack is not durable yet: `ClosedPack.commit` makes it so.
    func close() throws -> ClosedPack {
        var directory: [UInt8] = []
        directory.reserveCapacity(4 + entries.count * DirectoryEntry.encodedLength)
        directory.appendLittleEndian(UInt32(entries.count))
        for entry in entries { entry.append(to: &directory) }
        let sealedLength = directory.count + AEAD.tagByteCount
        let unpadded = byteCount + sealedLength + PackSealing.trailerLength
        try appendPadding(Padme.padded(unpadded) - unpadded)

        var aead = try AEAD(suite: sealing.header.suite, key: sealing.directoryCipherKey)
        var tail = [UInt8](repeating: 0, count: sealedLength + PackSealing.trailerLength)
        let associated = sealing.headerBytes
        try unsafe aead.seal(
            directory.span.bytes,
            counter: 1,
            associatedData: associated.span.bytes,
            into: &tail,
            at: 0
        )
        var trailer: [UInt8] = []
        trailer.appendLittleEndian(UInt32(sealedLength))
        trailer.appendLittleEndian(UInt32(0))
        try unsafe aead.seal(
            trailer.span.bytes,
            counter: 0,
            associatedData: associated.span.bytes,
            into: &tail,
            at: sealedLength
        )
        try unsafe hash.update(tail.span.bytes)
        try unsafe writer.append(tail.span.bytes)
        byteCount += tail.count
        let stored = StoredPack(
            name: try hash.finalize(),
            byteCount: UInt64(byteCount),
            framesOffset: UInt32(framesOffset),
            type: type,
            entries: entries
        )
        return ClosedPack(pack: stored, writer: writer)
    }

    /// Gives up the pack.
    func abandon() { writer.abandon() }

    private func appendPadding(_ count: Int) throws {
        var left = count
        while left > 0 {
            let part = try Random.bytes(min(left, 64 * 1024))
            try unsafe hash.update(part.span.bytes)
            try unsafe writer.append(part.span.bytes)
            left -= part.count
        }
        byteCount += count
    }
}

/// A pack that is written but neither named nor durable.
struct ClosedPack {
    let pack: StoredPack
    fileprivate let writer: any ObjectWriter

    /// Gives the pack its name, durable on return.
    func commit() throws {
        do {
            try writer.commit(as: ObjectName(ObjectNames.pack(pack.name)))
        } catch let error as StorageError where error.code == .alreadyExists {
            // The same bytes under the same name: nothing is lost by keeping the first.
        }
    }

    /// Gives up the pack.
    func abandon() { writer.abandon() }
}
