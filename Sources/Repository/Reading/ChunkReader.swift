import Chunking
import Cryptography
import ObjectStorage
package import Records
import Threads

/// Loads chunks: finds them in the index, opens and decompresses them, checks their ids.
///
/// One per thread. A chunk that does not come out of one pack is looked for in all others that hold it; a chunk that no fragment
/// describes is looked for in packs that no fragment covers.
package final class ChunkReader {
    private let repository: Repository
    private let index: LocalIndex
    private let store: any ObjectStore
    private let decompressor: Decompressor
    private var identifiers: [IdentifierBox] = []
    private var openPacks: [ObjectHash: OpenPack] = [:]
    private var useCounter: UInt64 = 0
    private var frame: [UInt8] = []
    private var compressed: [UInt8] = []
    private var base: [UInt8] = []
    /// Packs whose keys are kept; each costs a few KiB.
    private static let openPackLimit = 64
    /// Packs of which it is told that they hold a bad copy.
    private static let mostDoubtfulPacks = 1000

    /// Makes a reader that shares an index.
    package init(repository: Repository, index: LocalIndex) throws {
        self.repository = repository
        self.index = index
        store = repository.store
        decompressor = try Decompressor()
    }

    /// Loads a chunk into `buffer`, growing it if need be.
    ///
    /// - Returns: the length of the plaintext.
    /// - Throws: `RepositoryError.missing` if no pack holds the chunk, `.integrity` if every copy is damaged.
    package func load(_ id: ChunkID, type: ChunkType, into buffer: inout [UInt8]) throws -> Int {
        var failure: (any Error)?
        var doubtful: ObjectHash?
        var step = index.recovery.withLock { $0 }
        let firstStep = step
        repeat {
            for location in try index.locations(of: id) where location.entry.type == type {
                do {
                    let count = try load(location, into: &buffer, allowBase: true)
                    if step > 1, firstStep < 2 { repository.noteCacheDamage(in: index) }
                    tell(failure, doubtful)
                    return count
                } catch {
                    failure = error
                    repository.suspect(PackReference(name: location.pack, byteCount: location.packByteCount), error)
                    doubtful = location.pack
                    if let refused = error as? RepositoryError, refused.code == .notPermitted { throw error }
                }
            }
        } while try repository.recover(index, step: &step)
        if let failure {
            throw RepositoryError(.integrity, "chunk \(id.hex) is damaged in every pack that holds it", cause: failure)
        }
        throw RepositoryError(.missing, "chunk \(id.hex) is in no pack of the repository")
    }

    /// Says once for each pack that a bad copy was met and a good one used.
    private func tell(_ failure: (any Error)?, _ pack: ObjectHash?) {
        guard let failure, let pack, failure.isDamage else { return }
        let isNews = index.doubtfulPacks.withLock { packs in
            packs.count < Self.mostDoubtfulPacks && packs.insert(pack).inserted
        }
        if isNews { repository.environment.warn("another copy is used of what cannot be: \(failure)") }
    }

    /// Loads a chunk from one place.
    func load(_ location: ChunkLocation, into buffer: inout [UInt8], allowBase: Bool) throws -> Int {
        let pack = try openPack(PackReference(name: location.pack, byteCount: location.packByteCount))
        let entry = location.entry
        guard location.offset + UInt64(entry.frameLength) <= location.packByteCount else {
            throw RepositoryError(.integrity, "a frame reaches beyond the end of pack \(location.pack.hex)")
        }
        reserve(&frame, entry.frameLength)
        try store.read(
            ObjectName(ObjectNames.pack(location.pack)),
            offset: location.offset,
            count: entry.frameLength,
            into: &frame,
            at: 0
        )
        let sealed = frame
        return try unsafe open(
            sealed.span.bytes.extracting(0..<entry.frameLength),
            counter: location.offset,
            entry,
            pack,
            into: &buffer,
            allowBase: allowBase
        )
    }

    /// Opens a frame, decompresses it and checks the chunk's id.
    ///
    /// - Parameter counter: the frame's place in its pack.
    /// - Returns: the length of the plaintext.
    func open(
        _ sealed: RawSpan,
        counter: UInt64,
        _ entry: DirectoryEntry,
        _ pack: OpenPack,
        into buffer: inout [UInt8],
        allowBase: Bool
    ) throws -> Int {
        let plainLength = Int(entry.plainLength)
        reserve(&buffer, plainLength)
        do {
            if entry.codec == .stored {
                guard entry.compressedLength == entry.plainLength else {
                    throw RepositoryError(.integrity, "a stored chunk has two lengths")
                }
                try pack.open(sealed, counter: counter, entry, into: &buffer)
            } else {
                reserve(&compressed, Int(entry.compressedLength))
                try pack.open(sealed, counter: counter, entry, into: &compressed)
                try decompress(entry, into: &buffer, allowBase: allowBase)
            }
        } catch let error as CryptographyError {
            throw RepositoryError(
                .integrity,
                "a chunk in pack \(pack.name.hex), written by member \(name(of: pack.member)), is damaged or forged, or the "
                    + "index is wrong about it",
                cause: error
            )
        }
        let found = try unsafe identify(
            buffer.span.bytes.extracting(0..<plainLength),
            entry.type,
            domain: pack.domain,
            epoch: pack.epoch
        )
        guard found == entry.id else {
            throw RepositoryError(
                .integrity,
                "a chunk in pack \(pack.name.hex) is not what its id says: member \(name(of: pack.member)) wrote it wrongly"
            )
        }
        return plainLength
    }

    private func name(of member: MemberID) -> String {
        let name = repository.policy.member(member).map { "\($0.name.debugDescription) " } ?? ""
        return "\(name)(\(member.hex))"
    }

    private func decompress(_ entry: DirectoryEntry, into buffer: inout [UInt8], allowBase: Bool) throws {
        let packed = compressed
        let input = unsafe packed.span.bytes.extracting(0..<Int(entry.compressedLength))
        guard let baseID = entry.base else {
            try decompressor.decompress(
                entry.codec,
                input,
                expectedByteCount: Int(entry.plainLength),
                into: &buffer,
                at: 0
            )
            return
        }
        guard allowBase else { throw RepositoryError(.integrity, "a delta chunk has another delta as its base") }
        // The base is loaded through buffers of its own: `compressed` is in use.
        let nested = try ChunkReader(repository: repository, index: index)
        var count: Int?
        for location in try index.locations(of: baseID)
        where location.entry.base == nil && location.entry.type == entry.type {
            if let loaded = try? nested.load(location, into: &base, allowBase: false) {
                count = loaded
                break
            }
        }
        let prefix = base
        guard let count else { throw RepositoryError(.missing, "the base of a delta chunk, \(baseID.hex), is missing") }
        try unsafe decompressor.decompress(
            entry.codec,
            input,
            prefix: prefix.span.bytes.extracting(0..<count),
            expectedByteCount: Int(entry.plainLength),
            into: &buffer,
            at: 0
        )
    }

    private func identify(_ bytes: RawSpan, _ type: ChunkType, domain: DomainID, epoch: UInt32) throws -> ChunkID {
        if let known = identifiers.first(where: { $0.domain == domain && $0.epoch == epoch }) {
            return try known.identifier.identify(bytes, type: type)
        }
        let keys = try repository.keys(domain: domain, epoch: epoch)
        let box = IdentifierBox(domain: domain, epoch: epoch, identifier: try ChunkIdentifier(keys: keys))
        identifiers.append(box)
        return try box.identifier.identify(bytes, type: type)
    }

    private func openPack(_ reference: PackReference) throws -> OpenPack {
        useCounter += 1
        if let known = openPacks[reference.name] {
            known.lastUse = useCounter
            return known
        }
        if openPacks.count >= ChunkReader.openPackLimit,
            let oldest = openPacks.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            openPacks[oldest.key] = nil
        }
        let pack = try OpenPack(reference, repository: repository)
        pack.lastUse = useCounter
        openPacks[reference.name] = pack
        return pack
    }

    private func reserve(_ buffer: inout [UInt8], _ count: Int) {
        guard buffer.count < count else { return }
        let step = 256 * 1024
        buffer = [UInt8](repeating: 0, count: (count + step - 1) / step * step)
    }
}

/// A chunk identifier that may stand in an array.
private final class IdentifierBox {
    let domain: DomainID
    let epoch: UInt32
    var identifier: ChunkIdentifier

    init(domain: DomainID, epoch: UInt32, identifier: consuming ChunkIdentifier) {
        self.domain = domain
        self.epoch = epoch
        self.identifier = identifier
    }
}
