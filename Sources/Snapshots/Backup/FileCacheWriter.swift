import Cryptography
import FileSystem
import Records

/// Writes the next file cache along with the manifest; it takes effect when the snapshot is committed.
final class FileCacheWriter {
    private let directory: Directory
    private let dataset: DatasetID
    private let temporary: [UInt8]
    private let file: Descriptor
    private var buffer: [UInt8] = []
    private var byteCount = 0
    private var record: [UInt8] = []
    private var previousPath: [UInt8] = []
    private var hash: SHA256
    private var directories: DirectoryRuns
    /// Chunk ids of bundles that the next run is to lay anew.
    var thinBundles: [ChunkID] = []

    init(directory: Directory, dataset: DatasetID) throws {
        self.directory = directory
        self.dataset = dataset
        temporary = TemporaryName.random()
        file = try directory.createFile(temporary)
        hash = try SHA256()
        directories = DirectoryRuns(scratch: directory)
        buffer = FileCache.magic
    }

    /// Adds an entry; paths ascend.
    func add(_ entry: Entry, _ stat: StatRecord, treeChunks: [ChunkID]) throws {
        record.removeAll(keepingCapacity: true)
        var shared = 0
        if entry.kind == .directory {
            // Reading can begin at a directory, so nothing before it may be needed.
            try directories.add(stat.identity, offset: byteCount + buffer.count)
        } else {
            shared = PathOrder.sharedPrefix(previousPath, entry.path)
        }
        Varint.append(UInt64(shared), to: &record)
        Varint.append(UInt64(entry.path.count - shared), to: &record)
        record += entry.path[shared...]
        record.append(entry.kind.rawValue)
        stat.append(to: &record)
        Varint.append(UInt64(treeChunks.count), to: &record)
        for chunk in treeChunks { chunk.append(to: &record) }
        try entry.appendFields(to: &record)
        Varint.append(UInt64(record.count), to: &buffer)
        buffer += record
        previousPath = entry.path
        if buffer.count > 1 << 18 { try flush() }
    }

    /// Puts the cache in the place of the last one.
    func commit() throws {
        try flush()
        let directoryCount = directories.count
        try directories.finish { run in
            buffer += run
            try flush()
        }
        for bundle in thinBundles.sorted() { bundle.append(to: &buffer) }
        buffer.appendLittleEndian64(UInt64(directoryCount))
        buffer.appendLittleEndian64(UInt64(thinBundles.count))
        try flush()
        var digest: [UInt8] = []
        try hash.finalize().append(to: &digest)
        try unsafe file.write(digest.span.bytes)
        try file.sync()
        try directory.rename(temporary, to: directory, as: FileCache.name(of: dataset))
        try file.close()
    }

    /// Drops what was written.
    func abandon() {
        try? file.close()
        try? directory.unlink(temporary)
    }

    private func flush() throws {
        let bytes = buffer
        try unsafe hash.update(bytes.span.bytes)
        try unsafe file.write(bytes.span.bytes)
        byteCount += bytes.count
        buffer = []
        buffer.reserveCapacity(1 << 18)
    }
}

/// The directories of a file cache in sorted runs; whole runs go to a file without a name, so memory is bounded.
private struct DirectoryRuns {
    private let scratch: Directory
    private var spill: Descriptor?
    private var spilledByteCount = 0
    private var run: [(identity: FileIdentity, offset: UInt64)] = []
    private(set) var count = 0

    init(scratch: Directory) { self.scratch = scratch }

    mutating func add(_ identity: FileIdentity, offset: Int) throws {
        run.append((identity, UInt64(offset)))
        count += 1
        if run.count == FileCache.runCount { try writeOut() }
    }

    /// Hands out all runs, in pieces.
    mutating func finish(_ body: ([UInt8]) throws -> Void) throws {
        if let spill {
            var position = 0
            var piece = [UInt8](repeating: 0, count: FileCache.runCount * FileCache.directoryByteCount)
            while position < spilledByteCount {
                try spill.readExactly(from: Int64(position), into: &piece, at: 0, count: piece.count)
                try body(piece)
                position += piece.count
            }
            try spill.close()
        }
        try body(sortedBytes())
    }

    private mutating func writeOut() throws {
        let target: Descriptor
        if let spill {
            target = spill
        } else {
            target = try scratch.createAnonymousFile() ?? Descriptor.anonymousMemory(named: "holdfast-directories")
            spill = target
        }
        let bytes = sortedBytes()
        try unsafe target.write(bytes.span.bytes, at: Int64(spilledByteCount))
        spilledByteCount += bytes.count
        run.removeAll(keepingCapacity: true)
    }

    private mutating func sortedBytes() -> [UInt8] {
        run.sort { $0.identity < $1.identity }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(run.count * FileCache.directoryByteCount)
        for entry in run {
            bytes.appendLittleEndian64(entry.identity.device)
            bytes.appendLittleEndian64(entry.identity.inode)
            bytes.appendLittleEndian64(entry.offset)
        }
        return bytes
    }
}

extension [UInt8] {
    /// Appends eight bytes, the lowest first.
    mutating func appendLittleEndian64(_ value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}
