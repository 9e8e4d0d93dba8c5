import Cryptography
import ObjectStorage
package import Records

extension Repository {
    /// Reads a pack's own directory (format.md §8).
    ///
    /// - Throws: `RepositoryError.integrity` for a pack that is truncated, forged or of another repository.
    package func readPackDirectory(_ reference: PackReference) throws -> StoredPack { try readPack(reference).pack }

    /// Reads a pack's directory and its public header.
    ///
    /// - Throws: as `readPackDirectory`.
    func readPack(_ reference: PackReference) throws -> (pack: StoredPack, header: PackHeader) {
        let name = try ObjectName(ObjectNames.pack(reference.name))
        guard reference.byteCount <= FormatBounds.pack, reference.byteCount > 64 else {
            throw RepositoryError(.integrity, "pack \(reference.name.hex) has an impossible length")
        }
        let byteCount = Int(reference.byteCount)
        // One read of the end brings trailer and, for all but huge directories, the directory.
        let guess = min(byteCount, 64 * 1024)
        let tail = try store.read(name, range: UInt64(byteCount - guess)..<UInt64(byteCount))
        let header = try readPackHeader(reference)
        let keys = try keys(domain: header.header.domain, epoch: header.header.epoch)
        let sealing = try PackSealing(header: header.header, headerBytes: header.bytes, keys: keys)
        var aead = try AEAD(suite: header.header.suite, key: sealing.directoryCipherKey)
        func open(_ bytes: RawSpan, counter: UInt64, what: String) throws -> [UInt8] {
            var plain = [UInt8](repeating: 0, count: max(0, bytes.byteCount - AEAD.tagByteCount))
            do {
                try unsafe aead.open(
                    bytes,
                    counter: counter,
                    associatedData: header.bytes.span.bytes,
                    into: &plain,
                    at: 0
                )
            } catch {
                throw RepositoryError(.integrity, "the \(what) of pack \(reference.name.hex) is damaged", cause: error)
            }
            return plain
        }
        let trailerStart = tail.count - PackSealing.trailerLength
        guard trailerStart > 0 else {
            throw RepositoryError(.integrity, "pack \(reference.name.hex) is truncated")
        }
        let trailer = try unsafe open(
            tail.span.bytes.extracting(trailerStart..<tail.count),
            counter: 0,
            what: "trailer"
        )
        let sealedLength = unsafe Int(trailer.span.bytes.littleEndian32(at: 0))
        let directoryEnd = byteCount - PackSealing.trailerLength
        let longest = AEAD.tagByteCount + 4 + (DirectoryEntry.encodedLength + 32) * FormatBounds.framesInPack
        guard sealedLength >= AEAD.tagByteCount + 4, sealedLength <= min(longest, directoryEnd - header.bytes.count),
            unsafe trailer.span.bytes.littleEndian32(at: 4) == 0
        else {
            throw RepositoryError(.integrity, "pack \(reference.name.hex) claims an impossible directory")
        }
        let sealed =
            sealedLength <= trailerStart
            ? Array(tail[(trailerStart - sealedLength)..<trailerStart])
            : try store.read(name, range: UInt64(directoryEnd - sealedLength)..<UInt64(directoryEnd))
        let plain = try unsafe open(sealed.span.bytes, counter: 1, what: "directory")
        guard let type = PackType(rawValue: UInt8(truncatingIfNeeded: header.header.type)) else {
            throw RepositoryError(.unsupported, "pack \(reference.name.hex) is of a type that this version lacks")
        }
        var reader = ByteReader(plain, what: "pack directory")
        let entries = try DirectoryEntry.read(&reader, packType: type)
        guard reader.isAtEnd else {
            throw RepositoryError(.integrity, "the directory of pack \(reference.name.hex) has bytes after its end")
        }
        let pack = StoredPack(
            name: reference.name,
            byteCount: reference.byteCount,
            framesOffset: UInt32(header.bytes.count),
            type: type,
            entries: entries
        )
        try pack.validateExtent(before: UInt64(directoryEnd - sealedLength))
        return (pack, header.header)
    }

    /// Reads a pack's public header.
    func readPackHeader(_ reference: PackReference) throws -> (header: PackHeader, bytes: [UInt8]) {
        let name = try ObjectName(ObjectNames.pack(reference.name))
        var bytes = try store.read(name, range: 0..<min(reference.byteCount, 1024))
        guard bytes.count >= 12 else { throw RepositoryError(.integrity, "pack \(reference.name.hex) is truncated") }
        let needed = unsafe 12 + Int(bytes.span.bytes.littleEndian32(at: 8))
        guard needed <= 64 * 1024, UInt64(needed) <= reference.byteCount else {
            throw RepositoryError(.integrity, "pack \(reference.name.hex) claims a header of \(needed) bytes")
        }
        if needed > bytes.count { bytes = try store.read(name, range: 0..<UInt64(needed)) }
        bytes = Array(bytes.prefix(needed))
        let header: PackHeader
        do throws(RecordError) { header = try PackHeader(decoding: bytes) } catch {
            throw RepositoryError(
                error.code == .unsupported ? .unsupported : .integrity,
                "the header of pack \(reference.name.hex)",
                cause: error
            )
        }
        guard header.repository == id else {
            throw RepositoryError(.integrity, "pack \(reference.name.hex) belongs to another repository")
        }
        return (header, bytes)
    }
}
