import Chunking
import Cryptography
import Records

@testable import Repository

/// A frame of a forged pack: what its directory entry says, and the bytes that are sealed.
struct ForgedFrame {
    var entry: DirectoryEntry
    var compressed: [UInt8]
}

/// Makes packs of any content whose seals are right.
struct PackForge {
    let fixture: Fixture
    let type: PackType
    /// The fields of the header, instead of proper ones.
    var headerFields: [UInt8]?
    /// The plaintext of the directory, instead of that of the frames.
    var directory: [UInt8]?
    /// The plaintext of the trailer, instead of the directory's length.
    var trailer: [UInt8]?
    /// Bytes between the frames and the directory.
    var padding = 0

    init(fixture: Fixture, type: PackType) {
        self.fixture = fixture
        self.type = type
    }

    /// The whole pack; throws if the header cannot be read, without which there is nothing to seal by.
    func pack(_ frames: [ForgedFrame]) throws -> [UInt8] {
        var header = try fixture.packHeader(type)
        var prefix = header.encodedPrefix()
        if let headerFields {
            prefix = RecordKind.pack.magic
            prefix.appendLittleEndian(UInt32(headerFields.count))
            prefix += headerFields
            header = try PackHeader(decoding: prefix)
            // A box with recipients is replaced by one that this process can open.
            if !header.keyBox.recipients.isEmpty, let type = PackType(rawValue: UInt8(header.type)) {
                header.keyBox = try fixture.contentKey(type, header.suite).box
                prefix = header.encodedPrefix()
            }
        }
        var sealing = try PackSealing(header: header, headerBytes: prefix, keys: fixture.keys)
        let content = try fixture.contentKey(PackType(rawValue: UInt8(header.type)) ?? type, header.suite)
        var frameCipher = try AEAD(
            suite: header.suite,
            key: try PackSealing.frameKey(header: header, contentKey: content.key)
        )
        var pack = prefix
        for frame in frames {
            sealing.bind(frame.entry)
            pack += try seal(frame.compressed, UInt64(pack.count), sealing.frameAssociatedData, &frameCipher)
        }
        pack += [UInt8](repeating: 0xEE, count: padding)
        var plain: [UInt8] = []
        plain.appendLittleEndian(UInt32(frames.count))
        for frame in frames { frame.entry.append(to: &plain) }
        var cipher = try AEAD(suite: header.suite, key: sealing.directoryCipherKey)
        let sealed = try seal(directory ?? plain, 1, prefix, &cipher)
        pack += sealed
        var end: [UInt8] = []
        end.appendLittleEndian(UInt32(sealed.count))
        end.appendLittleEndian(UInt32(0))
        return pack + (try seal(trailer ?? end, 0, prefix, &cipher))
    }

    private func seal(
        _ plain: [UInt8],
        _ counter: UInt64,
        _ associated: [UInt8],
        _ cipher: inout AEAD
    ) throws -> [UInt8] {
        try unsafe cipher.seal(plain.span.bytes, counter: counter, associatedData: associated.span.bytes)
    }
}
