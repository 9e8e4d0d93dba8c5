import Cryptography
import ObjectStorage
package import Records

/// Reads whole packs and checks everything in them.
///
/// One per thread. Name, directory, agreement with the index, and of every frame that it opens, decompresses and is the chunk that its
/// id says. Memory is a few chunks, not a pack.
package final class PackVerifier {
    private let repository: Repository
    private let index: LocalIndex
    private let reader: ChunkReader
    private var buffer: [UInt8] = []
    private var plain: [UInt8] = []
    private let progress: @Sendable (Int) -> Void

    /// Makes a verifier.
    ///
    /// - Parameter progress: told of bytes that were read.
    package init(
        repository: Repository,
        index: LocalIndex,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws {
        self.repository = repository
        self.index = index
        self.progress = progress
        reader = try ChunkReader(repository: repository, index: index)
    }

    /// Reads and checks a pack.
    ///
    /// - Throws: `RepositoryError.cancelled`, `StorageError.notFound` for a pack that was removed meanwhile, or what keeps
    ///   the store from being read; damage does not throw.
    package func verify(_ reference: PackReference) throws -> PackVerification {
        var result = PackVerification(reference)
        guard reference.byteCount <= FormatBounds.pack else {
            result.problems.append(
                .init(message: "it is \(reference.byteCount) bytes long, more than a pack can be", isDamage: true)
            )
            return result
        }
        let entries = try findEntries(reference, &result)
        let pack = try openPack(reference, &result)
        let stream = try PackStream(
            reference,
            store: repository.store,
            buffer: buffer,
            isCancelled: repository.environment.isCancelled
        )
        buffer = []
        do {
            if let pack { try check(entries, of: pack, in: stream, &result) }
            let (hash, free) = try stream.finish()
            buffer = free
            if hash != reference.name {
                let whole = result.damagedChunks.isEmpty && pack != nil && !entries.isEmpty
                result.problems.append(
                    .init(
                        message: "its bytes are not those that its name says"
                            + (whole ? ", though all \(entries.count) chunks in it are whole" : ""),
                        isDamage: true
                    )
                )
            }
        } catch let error as StorageError where error.isDamage {
            result.problems.append(.init(message: "it cannot be read to its end: \(error)", isDamage: true))
        }
        result.byteCount = stream.position
        let name = try ObjectName(ObjectNames.pack(reference.name))
        if !result.problems.isEmpty, try !repository.store.exists(name) {
            throw StorageError(.notFound, "it was removed while it was read", object: name)
        }
        return result
    }

    /// The frames by the pack's own directory, or by the index if that does not open.
    private func findEntries(
        _ reference: PackReference,
        _ result: inout PackVerification
    ) throws -> [(offset: UInt64, entry: DirectoryEntry)] {
        do {
            let pack = try repository.readPackDirectory(reference)
            let entries = pack.frames
            compare(entries, of: reference, &result)
            return entries
        } catch let error as RepositoryError where error.code == .notPermitted {
            result.isSealed = true
            return []
        } catch let error where error.isDamage {
            result.problems.append(.init(message: "its directory cannot be read: \(error)", isDamage: true))
            return index.frames(of: reference.name)
        }
    }

    private func openPack(_ reference: PackReference, _ result: inout PackVerification) throws -> OpenPack? {
        do {
            let pack = try OpenPack(reference, repository: repository)
            result.origin = PackOrigin(domain: pack.domain, epoch: pack.epoch, member: pack.member, run: pack.run)
            return pack
        } catch let error as RepositoryError where error.code == .notPermitted {
            result.isSealed = true
        } catch let error where error.isDamage {
            result.problems.append(.init(message: "its header cannot be read: \(error)", isDamage: true))
            result.damagedChunks = index.frames(of: reference.name).map(\.entry.id)
        }
        return nil
    }

    /// Compares the pack's directory with what the index says of the pack.
    private func compare(
        _ frames: [(offset: UInt64, entry: DirectoryEntry)],
        of reference: PackReference,
        _ result: inout PackVerification
    ) {
        let described = index.frameCounts(of: reference.name)
        guard !described.isEmpty else { return }
        var matches = 0
        var lacking = 0
        for frame in frames {
            let same = index.count(of: frame.entry, at: frame.offset, in: reference)
            matches += same
            if same < described.count { lacking += 1 }
        }
        let surplus = described.reduce(0, +) - matches
        guard lacking > 0 || surplus > 0 else { return }
        result.problems.append(
            .init(
                message: "the index is wrong about it: \(lacking) of its chunks are not in the index as they are, and "
                    + "\(surplus) that the index tells of are not in it; remove the index fragments, they are made anew",
                isDamage: false
            )
        )
    }

    private func check(
        _ frames: [(offset: UInt64, entry: DirectoryEntry)],
        of pack: OpenPack,
        in stream: PackStream,
        _ result: inout PackVerification
    ) throws {
        var reported: UInt64 = 0
        var first: (any Error)?
        for (number, (offset, entry)) in frames.enumerated() {
            do {
                let end = offset + UInt64(entry.frameLength)
                result.plainByteCount += UInt64(
                    try stream.withBytes(offset..<end) { frame in
                        try reader.open(frame, counter: offset, entry, pack, into: &plain, allowBase: true)
                    }
                )
                result.chunkCount += 1
            } catch let error as StorageError {
                result.damagedChunks += frames[number...].map(\.entry.id)
                throw error
            } catch let error as RepositoryError where error.code == .cancelled {
                throw error
            } catch {
                if first == nil { first = error }
                result.damagedChunks.append(entry.id)
            }
            if stream.position > reported {
                progress(Int(stream.position - reported))
                reported = stream.position
            }
        }
        if let first {
            result.problems.append(
                .init(
                    message: "\(result.damagedChunks.count) of its \(frames.count) chunks cannot be read: \(first)",
                    isDamage: true
                )
            )
        }
        if stream.byteCount > reported { progress(Int(stream.byteCount - reported)) }
    }
}

extension StoredPack {
    /// The frames with the places where they begin.
    var frames: [(offset: UInt64, entry: DirectoryEntry)] {
        var offset = UInt64(framesOffset)
        return entries.map { entry in
            defer { offset += UInt64(entry.frameLength) }
            return (offset, entry)
        }
    }
}

extension Error {
    /// Whether the error is about one object, whose bytes are wrong, missing or unreadable, rather than about the store.
    var isDamage: Bool {
        switch self {
        case let error as RepositoryError: [.integrity, .missing, .unsupported].contains(error.code)
        // A disk that cannot read one object (EIO is "other") may still give the rest.
        case let error as StorageError: ![.unavailable, .noSpace, .invalidName].contains(error.code)
        case is RecordError, is CryptographyError: true
        default: false
        }
    }
}
