package import Cryptography
package import Records

/// Seals and opens the objects below `index/` (format.md §9).
package enum IndexFragment {
    /// Seals the directories of packs into one object.
    package static func seal(
        _ packs: [StoredPack],
        keys: DomainKeys,
        repository: RepositoryID,
        suite: CipherSuite
    ) throws -> [UInt8] {
        let salt = try Random.bytes(32)
        let header = IndexFragmentHeader(
            repository: repository,
            suite: suite,
            domain: keys.domain,
            epoch: keys.epoch,
            salt: salt
        )
        var object = header.encodedPrefix()
        var plain: [UInt8] = []
        plain.appendLittleEndian(UInt32(packs.count))
        for pack in packs {
            pack.name.append(to: &plain)
            plain.appendLittleEndian(pack.byteCount)
            plain.appendLittleEndian(pack.framesOffset)
            plain += [pack.type.rawValue, 0, 0, 0]
            plain.appendLittleEndian(UInt32(pack.entries.count))
            for entry in pack.entries { entry.append(to: &plain) }
        }
        var aead = try cipher(header: header, keys: keys)
        var sealed = [UInt8](repeating: 0, count: plain.count + AEAD.tagByteCount)
        try unsafe aead.seal(plain.span.bytes, counter: 0, associatedData: object.span.bytes, into: &sealed, at: 0)
        object += sealed
        return object
    }

    /// Opens a fragment.
    ///
    /// - Throws: `RepositoryError.integrity` for bytes that no holder of the domain's keys sealed.
    static func open(_ object: [UInt8], repository: RepositoryID, keys: (DomainID, UInt32) throws -> DomainKeys)
        throws -> [StoredPack]
    {
        let (header, headerCount) = try IndexFragmentHeader.parse(object)
        guard header.repository == repository else {
            throw RepositoryError(.integrity, "an index fragment belongs to another repository")
        }
        guard object.count >= headerCount + AEAD.tagByteCount else {
            throw RepositoryError(.integrity, "an index fragment is truncated")
        }
        var aead = try cipher(header: header, keys: try keys(header.domain, header.epoch))
        var plain = [UInt8](repeating: 0, count: object.count - headerCount - AEAD.tagByteCount)
        do {
            try unsafe aead.open(
                object.span.bytes.extracting(headerCount..<object.count),
                counter: 0,
                associatedData: object.span.bytes.extracting(0..<headerCount),
                into: &plain,
                at: 0
            )
        } catch {
            throw RepositoryError(.integrity, "an index fragment is damaged or forged", cause: error)
        }
        return try decode(plain)
    }

    /// Reads the plaintext of a fragment.
    package static func decode(_ plain: [UInt8]) throws -> [StoredPack] {
        var reader = ByteReader(plain, what: "index fragment")
        let count = try reader.u32()
        guard Int(count) * 52 <= reader.remaining else {
            throw RepositoryError(.integrity, "an index fragment claims \(count) packs, more than it has room for")
        }
        var packs: [StoredPack] = []
        for _ in 0..<count {
            let name = try reader.digest()
            let byteCount = try reader.u64()
            let framesOffset = try reader.u32()
            let rawType = try reader.u32()
            guard let type = PackType(rawValue: UInt8(truncatingIfNeeded: rawType)), rawType < 256,
                byteCount <= FormatBounds.pack
            else { throw RepositoryError(.integrity, "an index fragment describes a pack beyond the bounds") }
            let entries = try DirectoryEntry.read(&reader, packType: type)
            let pack = StoredPack(
                name: name,
                byteCount: byteCount,
                framesOffset: framesOffset,
                type: type,
                entries: entries
            )
            try pack.validateExtent(before: byteCount)
            packs.append(pack)
        }
        guard reader.isAtEnd else { throw RepositoryError(.integrity, "an index fragment has bytes after its end") }
        return packs
    }

    private static func cipher(header: IndexFragmentHeader, keys: DomainKeys) throws -> AEAD {
        var info = Array("holdfast/v1/index".utf8)
        info += header.repository.bytes
        let key = try unsafe HKDF.derive(
            from: keys.directoryKey,
            salt: header.salt.span.bytes,
            info: info.span.bytes,
            count: 32
        )
        return try AEAD(suite: header.suite, key: key)
    }
}

extension StoredPack {
    /// Checks that the frames end at an offset of the pack at the latest.
    func validateExtent(before limit: UInt64) throws {
        var end = UInt64(framesOffset)
        for entry in entries { end += UInt64(entry.frameLength) }
        guard end <= limit else {
            throw RepositoryError(.integrity, "the frames of pack \(name.hex) reach beyond its end")
        }
    }
}
