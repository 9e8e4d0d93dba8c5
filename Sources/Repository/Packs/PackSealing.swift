import Chunking
import Cryptography
import Records

/// The keys and constant bytes of one pack, derived from its header (format.md §8).
struct PackSealing: ~Copyable {
    static let trailerLength = 24
    private static let frameLabel = Array("holdfast/v1/frame\0".utf8)

    let header: PackHeader
    /// Magic, length and header: what directory and trailer authenticate.
    let headerBytes: [UInt8]
    let directoryCipherKey: Secret
    /// The associated data of frames; the part after `frameVariablePart` differs between frames.
    private(set) var frameAssociatedData: [UInt8]
    private let frameVariablePart: Int

    init(header: PackHeader, headerBytes: [UInt8], keys: DomainKeys) throws {
        self.header = header
        self.headerBytes = headerBytes
        var info = Array("holdfast/v1/pack-directory".utf8)
        info += header.repository.bytes
        directoryCipherKey = try unsafe HKDF.derive(
            from: keys.directoryKey,
            salt: header.salt.span.bytes,
            info: info.span.bytes,
            count: 32
        )
        var data = PackSealing.frameLabel
        data.append(header.suite.rawValue)
        data += header.repository.bytes
        data += header.domain.bytes
        data.appendLittleEndian(header.epoch)
        data += header.salt
        frameVariablePart = data.count
        data += [UInt8](repeating: 0, count: 2 + 32 + 32 + 4 + 4)
        frameAssociatedData = data
    }

    /// The key of the frames.
    static func frameKey(header: PackHeader, contentKey: borrowing Secret) throws -> Secret {
        var info = Array("holdfast/v1/pack".utf8)
        info.append(header.suite.rawValue)
        info += header.repository.bytes
        info += header.domain.bytes
        info.appendLittleEndian(header.epoch)
        return try unsafe HKDF.derive(from: contentKey, salt: header.salt.span.bytes, info: info.span.bytes, count: 32)
    }

    /// Sets the part of the associated data that differs between frames.
    mutating func bind(_ entry: DirectoryEntry) {
        var position = frameVariablePart
        frameAssociatedData[position] = entry.type.rawValue
        frameAssociatedData[position + 1] = entry.codec.rawValue
        position += 2
        entry.id.copy(into: &frameAssociatedData, at: position)
        (entry.base ?? .zero).copy(into: &frameAssociatedData, at: position + 32)
        position += 64
        for (offset, value) in [entry.plainLength, entry.compressedLength].enumerated() {
            for byte in 0..<4 {
                frameAssociatedData[position + offset * 4 + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte))
            }
        }
    }
}
