import Chunking
import Cryptography
import Records
import Repository

/// Takes the entries of a snapshot of one repository, in order, and makes a manifest of them in another.
///
/// Content is read, checked, cut and stored anew. Small files are laid together; entries wait until their bundle is full.
/// Memory does not depend on the size of the snapshot but for the hard links in it.
final class EntryCopier {
    /// Entries that wait for a bundle at most.
    private static let mostPending = 2048

    private struct Pending {
        var entry: Entry
        /// Where the content lies in the bundle, if it does.
        var place: Range<Int>?
    }

    private let reader: ContentReader
    private let pages: any ChunkSource
    private let previous: CopiedPrevious?
    private let sink: PageSink
    private let builder: ManifestBuilder
    private let cutter: ExtentCutter
    private let limits: BatchAssembler.Limits
    private var bundle: [UInt8] = []
    private var pending: [Pending] = []
    private var linked: [UInt64: Content] = [:]
    /// Bytes of content that were read.
    private(set) var bytesRead: UInt64 = 0

    /// - Parameters:
    ///   - reader: reads content of the repository that is copied from.
    ///   - pages: its pages.
    ///   - previous: what was copied before, to be referred to again.
    init(
        reader: ContentReader,
        pages: any ChunkSource,
        previous: CopiedPrevious?,
        sink: PageSink,
        chunker: consuming Chunker
    ) throws {
        self.reader = reader
        self.pages = pages
        self.previous = previous
        self.sink = sink
        builder = try ManifestBuilder(sink: sink)
        limits = BatchAssembler.Limits(chunkMaximum: chunker.parameters.maximum)
        cutter = ExtentCutter(sink: sink, chunker: chunker)
    }

    /// Copies an entry.
    func add(_ original: Entry) throws {
        var entry = original
        entry.attributes = try copyAttributes(original.attributes)
        guard original.kind == .regular, original.size > 0 else { return try append(Pending(entry: entry)) }
        if original.hardLinkGroup != 0, let known = linked[original.hardLinkGroup] {
            entry.content = known
            return try append(Pending(entry: entry))
        }
        if let known = try previous?.content(of: original) {
            entry.content = known
        } else if original.size <= limits.smallFile, original.sparseHash == nil, original.hardLinkGroup == 0 {
            return try addSmall(original, entry)
        } else {
            entry.content = try copyContent(original)
        }
        if original.hardLinkGroup != 0 { linked[original.hardLinkGroup] = entry.content }
        try append(Pending(entry: entry))
    }

    /// Ends the manifest.
    func finish() throws -> ManifestRoot {
        try flush()
        return try builder.finish()
    }

    private func append(_ item: Pending) throws {
        pending.append(item)
        if bundle.isEmpty || pending.count >= EntryCopier.mostPending { try flush() }
    }

    private func addSmall(_ original: Entry, _ entry: Entry) throws {
        if UInt64(bundle.count) + original.size > limits.most { try flush() }
        let start = bundle.count
        do {
            try reader.read(original) { bytes in
                unsafe bytes.withUnsafeBytes { unsafe bundle.append(contentsOf: $0) }
            } hole: { _ in
            }
        } catch {
            bundle.removeSubrange(start...)
            throw error
        }
        bytesRead += original.size
        try append(Pending(entry: entry, place: start..<bundle.count))
        if UInt64(bundle.count) >= limits.mean { try flush() }
    }

    /// Stores the bundle, and puts what waits for it into the manifest.
    private func flush() throws {
        let id = bundle.isEmpty ? nil : try sink.store(bundle, type: .data)
        for item in pending {
            var entry = item.entry
            if let place = item.place, let id {
                entry.content = .inline([.chunk(id, offset: UInt64(place.lowerBound), length: UInt64(place.count))])
            }
            try builder.add(entry)
        }
        bundle.removeAll(keepingCapacity: true)
        pending.removeAll(keepingCapacity: true)
    }

    private func copyContent(_ entry: Entry) throws -> Content {
        let extents = ExtentTreeBuilder(sink: sink)
        cutter.reset()
        try reader.read(entry) { bytes in
            try cutter.append(bytes, to: extents)
        } hole: { length in
            try cutter.finish(extents)
            try extents.append(.hole(length: length))
        }
        try cutter.finish(extents)
        bytesRead += entry.size
        return try extents.finish()
    }

    /// Large attributes lie in chunks as well.
    private func copyAttributes(_ list: AttributeList) throws -> AttributeList {
        guard case .stored(let hash, _, let byteCount) = list else { return list }
        // Loading checks the hash; the form of the list is one, so its bytes are those of the original.
        let bytes = ExtendedAttributeCoding.encode(try list.load(from: pages))
        guard try unsafe SHA256.hash(bytes.span.bytes) == hash else {
            throw RepositoryError(
                .integrity,
                "stored extended attributes are in an order that the format does not permit"
            )
        }
        var extents: [Extent] = []
        var position = 0
        while position < bytes.count {
            let end = min(bytes.count, position + (4 << 20))
            let id = try sink.store(Array(bytes[position..<end]), type: .data)
            extents.append(.chunk(id, offset: 0, length: UInt64(end - position)))
            position = end
        }
        return .stored(hash: hash, extents: extents, byteCount: byteCount)
    }
}

/// The content of files that an earlier copy has stored, found by path and content hash.
final class CopiedPrevious {
    private let cursor: ManifestCursor
    private let pages: any ChunkSource
    private let isReusable: (ChunkID) -> Bool
    private let sink: PageSink
    private var next: Entry?

    /// Goes through a manifest along with the one that is copied.
    init(
        cursor: ManifestCursor,
        pages: any ChunkSource,
        sink: PageSink,
        isReusable: @escaping (ChunkID) -> Bool
    ) throws {
        self.cursor = cursor
        self.pages = pages
        self.sink = sink
        self.isReusable = isReusable
        next = try cursor.next()
    }

    /// The content of the file of the same path, if it is the same and all its chunks may be referred to.
    func content(of entry: Entry) throws -> Content? {
        while let known = next {
            let order = PathOrder.compare(known.path, known.kind, entry.path, entry.kind)
            if order > 0 { return nil }
            next = try cursor.next()
            if order < 0 { continue }
            guard known.kind == .regular, known.size == entry.size, known.contentHash == entry.contentHash,
                known.sparseHash == entry.sparseHash
            else { return nil }
            var extents = ExtentReader(known, source: pages)
            // Pages of long lists are made anew, and so are stored or referred to as any chunk.
            let copied = ExtentTreeBuilder(sink: sink)
            while let extent = try extents.next() {
                if case .chunk(let id, _, _) = extent, !isReusable(id) { return nil }
                try copied.append(extent)
            }
            return try copied.finish()
        }
        return nil
    }
}
