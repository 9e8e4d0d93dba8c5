import Cryptography
import FileSystem

/// Compares the content of files with entries, by the hash that the snapshot keeps.
///
/// One per thread.
final class FileComparison {
    private let pages: any ChunkSource
    private let check: () throws -> Void
    private var hash: SHA256
    private var buffer: [UInt8] = []
    private static let bufferLength = 256 << 10

    /// - Parameter check: asked before each block; what it throws ends the comparison.
    init(pages: any ChunkSource, check: @escaping () throws -> Void) throws {
        self.pages = pages
        self.check = check
        hash = try SHA256()
    }

    /// Whether a file holds the entry's content; where the snapshot has a hole, zeros will do.
    func holds(_ file: Descriptor, _ entry: Entry) throws -> Bool {
        guard try UInt64(file.status().size) == entry.size else { return false }
        if entry.size == 0 { return true }
        file.adviseSequential()
        do {
            let isEqual: Bool
            if entry.sparseHash == nil {
                isEqual = try addData(file, 0..<Int64(entry.size))
            } else {
                isEqual = try addRuns(file, entry)
            }
            let digest = try hash.finalize()
            return isEqual && digest == entry.sparseHash ?? entry.contentHash
        } catch {
            // Finishing makes the hash ready for the next file.
            _ = try? hash.finalize()
            throw error
        }
    }

    private func addRuns(_ file: Descriptor, _ entry: Entry) throws -> Bool {
        let prefix = SparseHash.prefix
        try unsafe hash.update(prefix.span.bytes)
        var extents = ExtentReader(entry, source: pages)
        var offset: Int64 = 0
        var extent = try extents.next()
        while let first = extent {
            var length = first.length
            extent = try extents.next()
            while let next = extent, next.isHole == first.isHole {
                length += next.length
                extent = try extents.next()
            }
            let head = SparseHash.head(isHole: first.isHole, length: length)
            try unsafe hash.update(head.span.bytes)
            let range = offset..<(offset + Int64(length))
            guard try first.isHole ? isZero(file, range) : addData(file, range) else { return false }
            offset = range.upperBound
        }
        return true
    }

    /// Adds a range of the file to the hash; false if the file ends before.
    private func addData(_ file: Descriptor, _ range: Range<Int64>) throws -> Bool {
        try forEachBlock(of: file, range) { bytes in
            try hash.update(bytes)
            return true
        }
    }

    /// Whether a range of the file is nothing but zeros; its holes are passed over.
    private func isZero(_ file: Descriptor, _ range: Range<Int64>) throws -> Bool {
        var position = range.lowerBound
        while let data = try file.dataRange(from: position, to: range.upperBound) {
            guard try forEachBlock(of: file, data, { isAllZero($0) }) else { return false }
            position = data.upperBound
        }
        return true
    }

    private func forEachBlock(
        of file: Descriptor,
        _ range: Range<Int64>,
        _ body: (RawSpan) throws -> Bool
    ) throws -> Bool {
        if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: FileComparison.bufferLength) }
        var position = range.lowerBound
        while position < range.upperBound {
            try check()
            let count = Int(min(Int64(buffer.count), range.upperBound - position))
            guard try file.read(from: position, into: &buffer, at: 0, count: count) == count else { return false }
            let bytes = buffer
            guard try unsafe body(bytes.span.bytes.extracting(0..<count)) else { return false }
            position += Int64(count)
        }
        return true
    }
}

/// Whether all bytes are zero.
func isAllZero(_ bytes: RawSpan) -> Bool {
    var offset = 0
    while offset + 8 <= bytes.byteCount {
        if unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self) != 0 { return false }
        offset += 8
    }
    while offset < bytes.byteCount {
        if unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self) != 0 { return false }
        offset += 1
    }
    return true
}

extension FileKind {
    /// The kind of file for a kind of entry; nil for a directory's end.
    init?(_ kind: EntryKind) {
        switch kind {
        case .directory: self = .directory
        case .directoryEnd: return nil
        case .regular: self = .regular
        case .symbolicLink: self = .symbolicLink
        case .fifo: self = .fifo
        case .socket: self = .socket
        case .characterDevice: self = .characterDevice
        case .blockDevice: self = .blockDevice
        }
    }
}
