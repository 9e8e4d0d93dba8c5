import Cryptography
import Records
package import Repository

/// Reads the content of files in order, and checks it against the hash that the snapshot keeps.
///
/// One per thread.
package final class ContentReader {
    private let chunks: ChunkCache
    private let pages: any ChunkSource
    private var hash: SHA256

    /// Makes a reader that shares an index and a source of extent pages.
    package init(repository: Repository, index: LocalIndex, pages: any ChunkSource) throws {
        chunks = ChunkCache(reader: try ChunkReader(repository: repository, index: index))
        self.pages = pages
        hash = try SHA256()
    }

    /// Hands on the content of a file from its start to its end: stretches of data, and the lengths of holes.
    ///
    /// A stretch is what one chunk gives, at most 16 MiB. The hash is checked after the last one: until this returns the
    /// bytes are those of verified chunks, but it is not certain that they are the file.
    ///
    /// - Throws: `RepositoryError.missing` or `.integrity`, a `ManifestError`, or what the closures throw.
    package func read(
        _ entry: Entry,
        data: (RawSpan) throws -> Void,
        hole: (_ byteCount: UInt64) throws -> Void
    ) throws {
        do {
            try hashAndRead(entry, data: data, hole: hole)
        } catch {
            // Finishing makes the hash ready for the next file.
            _ = try? hash.finalize()
            throw error
        }
        let digest = try hash.finalize()
        guard entry.size == 0 || digest == entry.sparseHash ?? entry.contentHash else {
            throw RepositoryError(
                .integrity,
                "the content of \(printable(entry.path)) is not what the snapshot says: its chunks are sound, but not its own"
            )
        }
    }

    private func hashAndRead(
        _ entry: Entry,
        data: (RawSpan) throws -> Void,
        hole: (UInt64) throws -> Void
    ) throws {
        let isSparse = entry.sparseHash != nil
        if isSparse {
            let prefix = SparseHash.prefix
            try unsafe hash.update(prefix.span.bytes)
        }
        var extents = ExtentReader(entry, source: pages)
        var runLeft: UInt64 = 0
        while let extent = try extents.next() {
            if isSparse {
                if runLeft == 0 { runLeft = try beginRun(extent, followedBy: extents) }
                runLeft -= extent.length
            }
            guard case .chunk(let id, let offset, let length) = extent else {
                guard isSparse else { throw unexpectedHole(entry) }
                try hole(extent.length)
                continue
            }
            try withBytes(of: id, offset: offset, length: length) { bytes in
                try hash.update(bytes)
                try data(bytes)
            }
        }
    }

    /// Hashes what stands before a run of data or of holes, and returns the length of the run.
    private func beginRun(_ first: Extent, followedBy rest: ExtentReader) throws -> UInt64 {
        var length = first.length
        var ahead = rest
        while let next = try ahead.next(), next.isHole == first.isHole { length += next.length }
        let head = SparseHash.head(isHole: first.isHole, length: length)
        try unsafe hash.update(head.span.bytes)
        return length
    }

    /// Lends a stretch of a data chunk.
    func withBytes<Result>(
        of id: ChunkID,
        offset: UInt64,
        length: UInt64,
        _ body: (RawSpan) throws -> Result
    ) throws -> Result {
        try chunks.withChunk(id) { chunk in
            // Offset and length are at most 16 MiB each, which the decoder has checked.
            guard offset + length <= UInt64(chunk.byteCount) else {
                throw RepositoryError(
                    .integrity,
                    "a file needs bytes \(offset) to \(offset + length) of chunk \(id.hex), which has \(chunk.byteCount)"
                )
            }
            return try body(chunk.extracting(Int(offset)..<Int(offset + length)))
        }
    }

    private func unexpectedHole(_ entry: Entry) -> RepositoryError {
        RepositoryError(.integrity, "\(printable(entry.path)) has holes, and the hash of a file without")
    }
}

extension AttributeList {
    /// The attributes themselves, loaded and checked if they are stored apart (at most 64 MiB).
    package func load(from source: any ChunkSource) throws -> [ExtendedAttribute] {
        switch self {
        case .inline(let attributes): return attributes
        case .stored(let expected, let extents, let byteCount):
            var bytes: [UInt8] = []
            for extent in extents {
                guard case .chunk(let id, let offset, let length) = extent else { continue }
                let chunk = try source.load(id, type: .data)
                guard offset + length <= UInt64(chunk.count) else {
                    throw RepositoryError(.integrity, "extended attributes reach beyond the end of chunk \(id.hex)")
                }
                bytes += chunk[Int(offset)..<Int(offset + length)]
            }
            guard UInt64(bytes.count) == byteCount, try unsafe SHA256.hash(bytes.span.bytes) == expected else {
                throw RepositoryError(.integrity, "stored extended attributes are not what the entry says")
            }
            return try ExtendedAttributeCoding.decode(bytes)
        }
    }
}
