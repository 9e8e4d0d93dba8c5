import Chunking
import Cryptography
import Records
import Repository

/// Stores chunks of one thread through a run, and counts what that took.
final class PageSink: ChunkSink {
    private let store: any ChunkStoring
    private var identifier: ChunkIdentifier
    private var encoder: ChunkEncoder
    /// Plain bytes of chunks that were stored.
    private(set) var bytesAdded: UInt64 = 0
    /// What they take in packs.
    private(set) var bytesStored: UInt64 = 0

    /// Names chunks by the keys of a domain.
    init(store: any ChunkStoring, keys: DomainKeys, compression: CompressionSetting = .standard) throws {
        self.store = store
        identifier = try ChunkIdentifier(keys: keys)
        encoder = try ChunkEncoder(compression: compression, verifies: true)
    }

    func store(_ page: [UInt8], type: ChunkType) throws -> ChunkID { try unsafe store(page.span.bytes, type: type) }

    /// Stores a chunk that lies in a larger buffer.
    func store(_ bytes: RawSpan, type: ChunkType) throws -> ChunkID {
        let stored = try store.store(bytes, type: type, identifier: &identifier, encoder: &encoder)
        if stored.storedByteCount > 0 {
            bytesAdded += UInt64(bytes.byteCount)
            bytesStored += UInt64(stored.storedByteCount)
        }
        return stored.id
    }
}
