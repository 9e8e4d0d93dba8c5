internal import Chunking
package import FileSystem

/// Writes entries of a snapshot as a zip archive.
///
/// Holes are written as zeros, the names of one inode as files of their own; what else is neither file, directory nor
/// link is left out, for zip knows none of it. Memory does not grow with the archive: its directory goes to a file without
/// a name while it is collected.
package final class ZipWriter {
    /// Files up to this many bytes are compressed before their header is written.
    private static let smallFile: UInt64 = 1 << 20
    private static let zeros = [UInt8](repeating: 0, count: 64 << 10)

    private let content: ContentReader
    private let sink: (RawSpan) throws -> Void
    private let skipped: (_ path: [UInt8], _ reason: String) -> Void
    /// Told of each entry whose content cannot be read.
    private let failed: (_ path: [UInt8], _ error: any Error) -> Void
    private let deflater: StreamDeflater
    private var directory: SpillBuffer
    private var offset: UInt64 = 0
    private var count: UInt64 = 0

    /// Writes to a closure, which gets the archive's bytes in order.
    ///
    /// - Parameters:
    ///   - temporaryDirectory: opened where the archive's directory becomes too long for memory.
    ///   - skipped: told the path of each entry that an archive cannot hold.
    ///   - failed: told of each entry whose content cannot be read.
    /// - Throws: if zlib fails.
    package init(
        content: ContentReader,
        temporaryDirectory: @escaping () throws -> Directory,
        sink: @escaping (RawSpan) throws -> Void,
        skipped: @escaping (_ path: [UInt8], _ reason: String) -> Void,
        failed: @escaping (_ path: [UInt8], _ error: any Error) -> Void
    ) throws {
        self.failed = failed
        self.content = content
        self.sink = sink
        self.skipped = skipped
        deflater = try StreamDeflater()
        directory = SpillBuffer(directory: temporaryDirectory)
    }

    /// Writes all that a walk finds, and the end of the archive; paths are those below the walk's root.
    ///
    /// A file of which nothing can be read is left out; one that cannot be read on is filled up with zeros, since a member
    /// that has been begun cannot be taken back. Both are told.
    ///
    /// - Throws: what the sink throws, or what keeps the store from being read; an archive without its directory shows that
    ///   it is not whole.
    package func write(_ walk: EntryWalk) throws {
        var walk = walk
        while let entry = try walk.next() {
            if entry.kind == .directoryEnd || walk.decision != .take { continue }
            let path = walk.relativePath(entry)
            if !path.isEmpty { try add(entry, as: path) }
        }
        try finish()
    }

    private func add(_ entry: Entry, as path: [UInt8]) throws {
        let kindBits: UInt32
        switch entry.kind {
        case .directory: kindBits = 0o040_000
        case .regular: kindBits = 0o100_000
        case .symbolicLink: kindBits = 0o120_000
        default: return skipped(path, "a zip archive holds files, directories and symbolic links only")
        }
        let name = entry.kind == .directory ? path + [UInt8(ascii: "/")] : path
        guard name.count <= ZipMember.longestName else {
            return skipped(path, "a zip archive cannot hold a path of \(name.count) bytes")
        }
        var member = ZipMember(name: name, mode: kindBits | UInt32(entry.permissions))
        member.seconds = entry.modifiedSeconds
        member.userID = entry.userID
        member.groupID = entry.groupID
        member.offset = offset
        if entry.kind == .symbolicLink {
            try addStored(&member, entry.linkTarget)
        } else if entry.kind == .regular, entry.size > ZipWriter.smallFile {
            guard try addStream(&member, entry, path) else { return }
        } else if entry.kind == .regular, entry.size > 0 {
            do {
                try addSmall(&member, entry)
            } catch  where error.isDamage {
                return failed(path, error)
            }
        } else {
            try emit(member.localHeader)
        }
        try directory.append(member.centralHeader)
        count += 1
    }

    private func addStored(_ member: inout ZipMember, _ bytes: [UInt8]) throws {
        var checksum = CRC32()
        unsafe checksum.update(bytes.span.bytes)
        member.checksum = checksum.value
        member.size = UInt64(bytes.count)
        member.compressedSize = member.size
        try emit(member.localHeader)
        try emit(bytes)
    }

    private func addSmall(_ member: inout ZipMember, _ entry: Entry) throws {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(entry.size))
        try content.read(
            entry,
            data: { piece in unsafe piece.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) } },
            hole: { bytes.append(contentsOf: repeatElement(0, count: Int($0))) }
        )
        var packed: [UInt8] = []
        let collect: (RawSpan) -> Void = { piece in
            unsafe piece.withUnsafeBytes { unsafe packed.append(contentsOf: $0) }
        }
        try deflater.restart()
        let plain = bytes
        try unsafe deflater.add(plain.span.bytes, collect)
        try deflater.finish(collect)
        guard packed.count < bytes.count else { return try addStored(&member, bytes) }
        var checksum = CRC32()
        unsafe checksum.update(plain.span.bytes)
        member.method = .deflated
        member.checksum = checksum.value
        member.size = UInt64(bytes.count)
        member.compressedSize = UInt64(packed.count)
        try emit(member.localHeader)
        try emit(packed)
    }

    /// Compresses a file as it is read; false if nothing of it can be, so that it is left out.
    private func addStream(_ member: inout ZipMember, _ entry: Entry, _ path: [UInt8]) throws -> Bool {
        member.method = .deflated
        member.hasDescriptor = true
        member.size = entry.size
        let header = member.localHeader
        var checksum = CRC32()
        var start: UInt64?
        var written: UInt64 = 0
        let compress: (RawSpan) throws -> Void = { piece in
            if start == nil {
                try self.emit(header)
                start = self.offset
                try self.deflater.restart()
            }
            checksum.update(piece)
            written += UInt64(piece.byteCount)
            try self.deflater.add(piece, self.emit)
        }
        let fill: (UInt64) throws -> Void = { count in
            var left = count
            while left > 0 {
                let step = min(left, UInt64(ZipWriter.zeros.count))
                try unsafe compress(ZipWriter.zeros.span.bytes.extracting(0..<Int(step)))
                left -= step
            }
        }
        do {
            try content.read(entry, data: compress, hole: fill)
        } catch  where error.isDamage {
            failed(path, error)
            if start != nil { try fill(entry.size - min(written, entry.size)) }
        }
        guard let start else { return false }
        try deflater.finish(emit)
        member.checksum = checksum.value
        member.compressedSize = offset - start
        try emit(member.descriptor)
        return true
    }

    /// Writes the archive's directory and its end.
    private func finish() throws {
        let start = offset
        try directory.forEachPiece(emit)
        let end = ZipMember.end(count: count, directoryOffset: start, directoryLength: offset - start)
        try emit(end)
    }

    private func emit(_ bytes: [UInt8]) throws { try unsafe emit(bytes.span.bytes) }

    private func emit(_ bytes: RawSpan) throws {
        offset += UInt64(bytes.byteCount)
        try sink(bytes)
    }
}
