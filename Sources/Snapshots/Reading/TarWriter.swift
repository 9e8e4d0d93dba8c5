/// Writes entries of a snapshot as a tar archive.
///
/// Holes are written as zeros, sockets are left out, for tar knows none. The paths of files with several names are kept in
/// memory; all else streams.
package final class TarWriter {
    private let content: ContentReader
    private let pages: any ChunkSource
    private let sink: (RawSpan) throws -> Void
    /// Told the path of each entry that an archive cannot hold.
    private let skipped: (_ path: [UInt8], _ reason: String) -> Void
    /// Told of each entry whose content or attributes cannot be read.
    private let failed: (_ path: [UInt8], _ error: any Error) -> Void
    private var firstNames: [InodeKey: [UInt8]] = [:]
    private var buffer: [UInt8] = []
    private static let zeros = [UInt8](repeating: 0, count: 64 << 10)

    /// Writes to a closure, which gets the archive's bytes in order.
    package init(
        content: ContentReader,
        pages: any ChunkSource,
        sink: @escaping (RawSpan) throws -> Void,
        skipped: @escaping (_ path: [UInt8], _ reason: String) -> Void,
        failed: @escaping (_ path: [UInt8], _ error: any Error) -> Void
    ) {
        self.content = content
        self.pages = pages
        self.sink = sink
        self.skipped = skipped
        self.failed = failed
    }

    /// Writes all that a walk finds, and the end of the archive; paths are those below the walk's root.
    ///
    /// A file of which nothing can be read is left out; one that cannot be read on is filled up with zeros, since a member
    /// that has been begun cannot be taken back. Both are told.
    ///
    /// - Throws: what the sink throws, or what keeps the store from being read.
    package func write(_ walk: EntryWalk) throws {
        var walk = walk
        while let entry = try walk.next() {
            if entry.kind == .directoryEnd || walk.decision != .take { continue }
            let path = walk.relativePath(entry)
            try add(entry, as: path.isEmpty ? [UInt8(ascii: ".")] : path)
        }
        try finish()
    }

    /// Writes one entry under a path without a leading slash.
    ///
    /// - Throws: what the sink throws; the archive is broken then, and is not to be finished.
    package func add(_ entry: Entry, as path: [UInt8]) throws {
        guard let flag = TarHeader.Flag(entry.kind) else {
            if entry.kind != .directoryEnd { skipped(path, "a tar archive cannot hold a socket") }
            return
        }
        var header = TarHeader(path: path, flag: flag)
        header.permissions = entry.permissions
        header.userID = entry.userID
        header.groupID = entry.groupID
        header.userName = entry.userName
        header.groupName = entry.groupName
        header.seconds = entry.modifiedSeconds
        header.nanoseconds = entry.modifiedNanoseconds
        header.linkTarget = entry.linkTarget
        header.deviceMajor = entry.deviceMajor
        header.deviceMinor = entry.deviceMinor
        if entry.kind == .directory { header.path.append(UInt8(ascii: "/")) }
        if let key = try InodeKey(entry) {
            if let first = firstNames[key] {
                header.flag = .hardLink
                header.linkTarget = first
                return try emit(header)
            }
            firstNames[key] = path
        }
        do {
            header.attributes = try entry.attributes.load(from: pages)
        } catch  where error.isDamage {
            failed(path, error)
        }
        header.size = entry.size
        guard entry.kind == .regular else { return try emit(header) }
        if try !writeFile(entry, header, path), let key = try InodeKey(entry) { firstNames[key] = nil }
    }

    /// Writes the two blocks of zeros that end an archive.
    package func finish() throws { try writeZeros(UInt64(2 * TarHeader.blockLength)) }

    private func emit(_ header: TarHeader) throws {
        buffer.removeAll(keepingCapacity: true)
        header.append(to: &buffer)
        let bytes = buffer
        try unsafe sink(bytes.span.bytes)
    }

    /// Writes header and content; false if nothing can be read, so that the file is left out.
    private func writeFile(_ entry: Entry, _ header: TarHeader, _ path: [UInt8]) throws -> Bool {
        var written: UInt64?
        func begin() throws -> UInt64 {
            if let written { return written }
            try emit(header)
            return 0
        }
        do {
            try content.read(
                entry,
                data: { bytes in
                    written = try begin()
                    try sink(bytes)
                    written = (written ?? 0) + UInt64(bytes.byteCount)
                },
                hole: { count in
                    written = try begin()
                    try writeZeros(count)
                    written = (written ?? 0) + count
                }
            )
            written = try begin()
        } catch  where error.isDamage {
            failed(path, error)
            guard let written else { return false }
            try writeZeros(entry.size - min(written, entry.size))
        }
        let unit = UInt64(TarHeader.blockLength)
        try writeZeros((unit - entry.size % unit) % unit)
        return true
    }

    private func writeZeros(_ count: UInt64) throws {
        let zeros = TarWriter.zeros
        var left = count
        while left > 0 {
            let step = min(left, UInt64(zeros.count))
            try unsafe sink(zeros.span.bytes.extracting(0..<Int(step)))
            left -= step
        }
    }
}

extension TarHeader.Flag {
    /// The flag of a kind of entry; nil for what an archive cannot hold.
    init?(_ kind: EntryKind) {
        switch kind {
        case .directory: self = .directory
        case .regular: self = .regular
        case .symbolicLink: self = .symbolicLink
        case .fifo: self = .fifo
        case .characterDevice: self = .characterDevice
        case .blockDevice: self = .blockDevice
        case .directoryEnd, .socket: return nil
        }
    }
}
