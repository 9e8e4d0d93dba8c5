import Chunking
import Cryptography
import ObjectStorage
import Records
import Repository

/// Builds packs by the letter of format.md, §8, with the right keys: also such as no writer would.
///
/// Shares no code with the program's own writer.
struct ForgedPack {
    /// A frame: what the directory claims, and what is sealed.
    struct Frame {
        var id: ChunkID
        var type: UInt8 = 1
        var codec: UInt8
        var plainLength: UInt32
        /// The compressed bytes.
        var bytes: [UInt8]
        var base: ChunkID?
        /// Length claimed instead of that of the bytes.
        var claimedLength: UInt32?
    }

    let repository: Repository
    var packType: UInt8 = 1
    /// Domain and epoch of keys and header; the repository's own if absent.
    var domain: DomainID?
    var epoch: UInt32?

    /// The pack's bytes.
    func bytes(_ frames: [Frame], padding: Int = 0) throws -> [UInt8] {
        let own = try repository.defaultDomain()
        let domain = domain ?? own.id
        let epoch = epoch ?? own.epoch
        let keys = try repository.keys(domain: domain, epoch: epoch)
        let run = try RunID.random()
        let content = try ContentKey(
            context: ContentKeyContext(
                repository: repository.id,
                domain: domain,
                epoch: epoch,
                member: repository.keyring.member,
                run: run,
                purpose: packType == 1 ? .data : .metadata
            ),
            recipients: own.readers + (packType == 1 ? [] : repository.policy.managers),
            suite: repository.suite
        )
        let salt = try Random.bytes(32)
        let header = PackHeader(
            repository: repository.id,
            suite: repository.suite,
            domain: domain,
            epoch: epoch,
            member: repository.keyring.member,
            run: run,
            type: UInt64(packType),
            salt: salt,
            keyBox: content.box
        ).encodedPrefix()
        let suffix =
            [repository.suite.rawValue] + repository.id.bytes + domain.bytes + littleEndian(UInt64(epoch), 4)
        let frameKey = try derive(content.key, salt, Array("holdfast/v1/pack".utf8) + suffix)
        let directoryKey = try derive(
            keys.directoryKey,
            salt,
            Array("holdfast/v1/pack-directory".utf8) + repository.id.bytes
        )
        var sealer = try AEAD(suite: repository.suite, key: frameKey)
        var pack = header
        var directory = littleEndian(UInt64(frames.count), 4)
        for frame in frames {
            let length = frame.claimedLength ?? UInt32(frame.bytes.count)
            let lengths = littleEndian(UInt64(frame.plainLength), 4) + littleEndian(UInt64(length), 4)
            let associated =
                Array("holdfast/v1/frame\0".utf8) + suffix + salt + [frame.type, frame.codec] + frame.id.bytes
                + (frame.base ?? .zero).bytes + lengths
            pack += try unsafe sealer.seal(
                frame.bytes.span.bytes,
                counter: UInt64(pack.count),
                associatedData: associated.span.bytes
            )
            directory += frame.id.bytes + [frame.type, frame.codec, frame.base == nil ? 0 : 1, 0] + lengths
            directory += frame.base?.bytes ?? []
        }
        pack += [UInt8](repeating: 0x77, count: padding)
        var directorySealer = try AEAD(suite: repository.suite, key: directoryKey)
        let sealed = try unsafe directorySealer.seal(
            directory.span.bytes,
            counter: 1,
            associatedData: header.span.bytes
        )
        let trailer = littleEndian(UInt64(sealed.count), 4) + [0, 0, 0, 0]
        pack += sealed
        pack += try unsafe directorySealer.seal(trailer.span.bytes, counter: 0, associatedData: header.span.bytes)
        return pack
    }

    /// Builds a pack and puts it into the store.
    @discardableResult
    func put(_ frames: [Frame], padding: Int = 0) throws -> PackReference {
        let pack = try bytes(frames, padding: padding)
        let name = try unsafe SHA256.hash(pack.span.bytes)
        try repository.store.put(ObjectName(ObjectNames.pack(name)), pack)
        return PackReference(name: name, byteCount: UInt64(pack.count))
    }

    /// The id of a chunk.
    func id(_ plaintext: [UInt8], type: UInt8 = 1) throws -> ChunkID {
        let own = try repository.defaultDomain()
        let keys = try repository.keys(domain: domain ?? own.id, epoch: epoch ?? own.epoch)
        var hmac = try HMACSHA256(key: keys.chunkIDKey)
        try unsafe hmac.update([type].span.bytes)
        try unsafe hmac.update(plaintext.span.bytes)
        return try hmac.finalize()
    }

    /// A frame of a chunk as it is.
    func stored(_ plaintext: [UInt8], type: UInt8 = 1) throws -> Frame {
        Frame(
            id: try id(plaintext, type: type),
            type: type,
            codec: 0,
            plainLength: UInt32(plaintext.count),
            bytes: plaintext
        )
    }

    private func derive(_ key: borrowing Secret, _ salt: [UInt8], _ info: [UInt8]) throws -> Secret {
        try unsafe HKDF.derive(from: key, salt: salt.span.bytes, info: info.span.bytes, count: 32)
    }
}

/// An integer in so many bytes, least significant first.
func littleEndian(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
}
