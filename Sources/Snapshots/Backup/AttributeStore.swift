import Cryptography
import FileSystem
import Records
import Repository
import Threads

/// Turns extended attributes into an entry's list; those too large for a manifest page go into a data chunk.
final class AttributeStore: Sendable {
    private final class Tools {
        var identifier: ChunkIdentifier
        var encoder: ChunkEncoder
        init(identifier: consuming ChunkIdentifier, encoder: consuming ChunkEncoder) {
            self.identifier = identifier
            self.encoder = encoder
        }
    }

    private let tools: Monitor<Tools>
    private let store: any ChunkStoring

    init(store: any ChunkStoring, identifier: consuming ChunkIdentifier, encoder: consuming ChunkEncoder) {
        self.store = store
        tools = Monitor(Tools(identifier: identifier, encoder: encoder))
    }

    /// The list of an entry.
    func list(_ attributes: [FileSystem.ExtendedAttribute]) throws -> AttributeList {
        if attributes.isEmpty { return .inline([]) }
        let own = attributes.map { ExtendedAttribute(name: $0.name, value: $0.value) }
        guard ExtendedAttributeCoding.encodedLength(own) > ExtendedAttributeCoding.longestInline else {
            return .inline(own)
        }
        let bytes = ExtendedAttributeCoding.encode(own)
        let pieceLength = 4 << 20
        var extents: [Extent] = []
        var position = 0
        while position < bytes.count {
            let end = min(bytes.count, position + pieceLength)
            let piece = Array(bytes[position..<end])
            let stored = try tools.withLock { tools in
                try unsafe store.store(
                    piece.span.bytes,
                    type: .data,
                    identifier: &tools.identifier,
                    encoder: &tools.encoder
                )
            }
            extents.append(.chunk(stored.id, offset: 0, length: UInt64(piece.count)))
            position = end
        }
        return .stored(
            hash: try unsafe SHA256.hash(bytes.span.bytes),
            extents: extents,
            byteCount: UInt64(bytes.count)
        )
    }
}
