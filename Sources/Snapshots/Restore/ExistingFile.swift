import Cryptography
import FileSystem

/// Compares existing files with entries. One per thread.
final class ExistingFile {
    /// What an existing file has in common with its entry.
    enum Verdict {
        /// Everything.
        case same
        /// The content; the descriptor is open on the file.
        case sameContent(Descriptor, FileStatus)
        /// Not even that.
        case different
    }

    private let context: RestoreContext
    private var hash: SHA256
    private var buffer: [UInt8] = []
    private static let bufferLength = 256 << 10

    init(context: RestoreContext) throws {
        self.context = context
        hash = try SHA256()
    }

    /// Compares what has the item's name with the item.
    func compare(_ item: RestoreItem) throws -> Verdict {
        guard let existing = item.existing, existing.kind == FileKind(item.entry.kind) else { return .different }
        let entry = item.entry
        guard entry.kind == .regular else {
            if entry.kind == .symbolicLink, try item.directory.readLink(item.name) != entry.linkTarget {
                return .different
            }
            if existing.deviceMajor != entry.deviceMajor || existing.deviceMinor != entry.deviceMinor {
                return .different
            }
            let isSame = try context.metadata.matches(entry, existing) {
                try item.directory.extendedAttributes(item.name)
            }
            return isSame ? .same : .different
        }
        // What cannot be read cannot be kept.
        guard UInt64(existing.size) == entry.size, let file = try? item.directory.openFile(item.name) else {
            return .different
        }
        let status = try file.status()
        guard status.kind == .regular, UInt64(status.size) == entry.size, try hasContent(file, status, entry) else {
            return .different
        }
        return try context.metadata.matches(entry, status, readAttributes: file.extendedAttributes)
            ? .same : .sameContent(file, status)
    }

    private func hasContent(_ file: Descriptor, _ status: FileStatus, _ entry: Entry) throws -> Bool {
        if context.options.overwrite == .ifChanged { return status.modified == entry.modified }
        return try holds(file, entry)
    }

    /// Whether a file of the entry's size holds the entry's content, by its hash; where the snapshot has a hole, zeros
    /// will do.
    func holds(_ file: Descriptor, _ entry: Entry) throws -> Bool {
        guard entry.size > 0 else { return true }
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
            _ = try? hash.finalize()
            throw error
        }
    }

    private func addRuns(_ file: Descriptor, _ entry: Entry) throws -> Bool {
        try unsafe hash.update(Array("holdfast/v1/sparse\0".utf8).span.bytes)
        var extents = ExtentReader(entry, source: context.pages)
        var offset: Int64 = 0
        var extent = try extents.next()
        while let first = extent {
            var length = first.length
            extent = try extents.next()
            while let next = extent, next.isHole == first.isHole {
                length += next.length
                extent = try extents.next()
            }
            var head: [UInt8] = [first.isHole ? 0 : 1]
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                head.append(UInt8(truncatingIfNeeded: length >> shift))
            }
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
        if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: ExistingFile.bufferLength) }
        var position = range.lowerBound
        while position < range.upperBound {
            try context.check()
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
