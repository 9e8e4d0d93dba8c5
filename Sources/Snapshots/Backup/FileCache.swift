import Cryptography
import FileSystem
import Records
import Repository

/// The entries of a dataset's last snapshot with what their files looked like, in path order, on local disk.
///
/// An unchanged file is recognised from it without asking the repository, so also by a member that cannot read there.
/// Losing the file means reading every file once more; nothing is stored twice.
///
/// Layout: magic (8) ‖ records ‖ SHA-256 of all before. A record: varint length, then varint shared, varint length and
/// bytes of the rest of the path, u8 kind, stat record, varint number and ids of the chunks of an extent tree, entry fields.
enum FileCache {
    static let magic = Array("HFSFILE1".utf8)

    /// The name of a dataset's file cache.
    static func name(of dataset: DatasetID) -> [UInt8] { Array("files-\(dataset.hex)".utf8) }
}

/// What a walk compares files with; asked for paths in ascending order only.
protocol PreviousEntries: AnyObject {
    /// The entry of a path if the file still looks the same, and the chunks of its extent tree if it has one.
    func unchanged(_ path: [UInt8], _ status: FileStatus, kind: EntryKind) throws -> PreviousEntry?
    /// Whether there was an entry of that path.
    var hadEntry: Bool { get }
}

/// An entry of the last snapshot whose file looks unchanged.
struct PreviousEntry {
    var entry: Entry
    /// Pages and data chunks of its extent tree.
    var treeChunks: [ChunkID]
}

/// Reads a file cache along with a walk.
final class FileCacheReader: PreviousEntries {
    private let map: MappedFile
    private var position = FileCache.magic.count
    private let end: Int
    private var path: [UInt8] = []
    private var kind = EntryKind.regular
    private var stat: StatRecord?
    private var rest = 0..<0
    private(set) var hadEntry = false

    /// Opens a cache.
    ///
    /// - Returns: `nil` if there is none, or it is damaged: then everything is read anew.
    init?(directory: Directory, dataset: DatasetID) {
        guard let file = try? directory.openFile(FileCache.name(of: dataset), for: .reading),
            let map = try? MappedFile(file), map.count >= FileCache.magic.count + Digest.byteCount,
            map.array(0..<FileCache.magic.count) == FileCache.magic
        else { return nil }
        let end = map.count - Digest.byteCount
        // A damaged record could make a changed file look unchanged; so the whole file is checked first.
        let isWhole = map.withBytes { bytes -> Bool in
            (try? SHA256.hash(bytes.extracting(0..<end))) == Digest(in: bytes, at: end)
        }
        guard isWhole else { return nil }
        self.map = map
        self.end = end
    }

    func unchanged(_ path: [UInt8], _ status: FileStatus, kind: EntryKind) throws -> PreviousEntry? {
        hadEntry = false
        while true {
            if stat == nil {
                guard position < end else { return nil }
                try readRecord()
            }
            let order = PathOrder.compare(self.path, self.kind, path, kind)
            if order > 0 { return nil }
            let stat = self.stat
            self.stat = nil
            if order < 0 { continue }
            hadEntry = true
            guard let stat, self.kind == kind, stat == StatRecord(status) else { return nil }
            var reader = ByteReader(map.array(rest), what: "file cache")
            let count = try reader.varint()
            guard count <= UInt64(reader.remaining / Digest.byteCount) else {
                throw RepositoryError(.integrity, "the file cache is damaged")
            }
            var treeChunks: [ChunkID] = []
            for _ in 0..<count { treeChunks.append(try reader.digest()) }
            let fields = try reader.bytes(reader.remaining)
            return PreviousEntry(entry: try Entry(path: path, kind: kind, fields: fields), treeChunks: treeChunks)
        }
    }

    /// Steps to the next record; a malformed one ends the cache.
    private func readRecord() throws {
        func varint() throws -> Int {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while position < end, shift < 63 {
                let byte = map[position]
                position += 1
                value |= UInt64(byte & 0x7f) << shift
                if byte < 0x80 { return Int(value) }
                shift += 7
            }
            throw RepositoryError(.integrity, "the file cache is damaged")
        }
        let length = try varint()
        guard length <= end - position else { throw RepositoryError(.integrity, "the file cache is damaged") }
        let recordEnd = position + length
        let shared = try varint()
        let count = try varint()
        guard shared <= path.count, count < recordEnd - position else {
            throw RepositoryError(.integrity, "the file cache is damaged")
        }
        path.removeLast(path.count - shared)
        path += map.array(position..<(position + count))
        position += count
        guard let kind = EntryKind(rawValue: map[position]) else {
            throw RepositoryError(.integrity, "the file cache is damaged")
        }
        self.kind = kind
        position += 1
        var reader = ByteReader(map.array(position..<recordEnd), what: "file cache")
        stat = try StatRecord(reading: &reader)
        rest = (recordEnd - reader.remaining)..<recordEnd
        position = recordEnd
    }
}

/// Writes the next file cache along with the manifest; it takes effect when the snapshot is committed.
final class FileCacheWriter {
    private let directory: Directory
    private let dataset: DatasetID
    private let temporary: [UInt8]
    private let file: Descriptor
    private var buffer: [UInt8] = []
    private var record: [UInt8] = []
    private var previousPath: [UInt8] = []
    private var hash: SHA256

    init(directory: Directory, dataset: DatasetID) throws {
        self.directory = directory
        self.dataset = dataset
        temporary = TemporaryName.random()
        file = try directory.createFile(temporary)
        hash = try SHA256()
        buffer = FileCache.magic
    }

    /// Adds an entry; paths ascend.
    func add(_ entry: Entry, _ stat: StatRecord, treeChunks: [ChunkID]) throws {
        record.removeAll(keepingCapacity: true)
        var shared = 0
        let limit = min(previousPath.count, entry.path.count)
        while shared < limit, previousPath[shared] == entry.path[shared] { shared += 1 }
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
        buffer = []
        buffer.reserveCapacity(bytes.count)
    }
}
