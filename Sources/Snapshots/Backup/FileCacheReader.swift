import Cryptography
import FileSystem
import Records
import Repository

/// Reads a file cache along with a walk, from its start or from a directory on.
final class FileCacheReader: PreviousEntries {
    private let cache: FileCache
    private var position: Int
    private var path: [UInt8] = []
    private var kind = EntryKind.regular
    private var stat: StatRecord?
    /// What of the record has not been read: chunks and fields.
    private var rest = ByteReader([], what: "file cache")
    /// A directory that was moved: its path then, and its path now.
    private let move: (from: [UInt8], to: [UInt8])?
    private(set) var hadEntry = false
    private(set) var hadOtherFile = false

    /// Opens a cache.
    ///
    /// - Returns: `nil` if there is none, or it is damaged: then everything is read anew.
    convenience init?(directory: Directory, dataset: DatasetID) {
        guard let cache = FileCache(directory: directory, dataset: dataset) else { return nil }
        self.init(cache)
    }

    /// Reads from the first record on.
    init(_ cache: FileCache) {
        self.cache = cache
        position = cache.records.lowerBound
        move = nil
    }

    /// Reads what is below the directory whose record begins at an offset, as if it had a path of its own.
    private init?(_ cache: FileCache, from offset: Int, identity: FileIdentity, path: [UInt8]) throws {
        self.cache = cache
        position = offset
        let probe = FileCacheReader(cache)
        probe.position = offset
        try probe.readRecord()
        guard probe.kind == .directory, let stat = probe.stat, stat.identity == identity else { return nil }
        move = (probe.path, path)
        self.path = probe.path
        position = probe.position
    }

    func thinBundles() -> Set<ChunkID> { cache.thinBundles() }

    func moved(_ status: FileStatus, to path: [UInt8]) throws -> (any PreviousEntries)? {
        guard let offset = cache.recordOffset(of: status.identity) else { return nil }
        return try FileCacheReader(cache, from: offset, identity: status.identity, path: path)
    }

    func unchanged(_ path: [UInt8], _ status: FileStatus, kind: EntryKind) throws -> PreviousEntry? {
        hadEntry = false
        hadOtherFile = false
        var sought = path
        if let move {
            guard PathOrder.isPath(path, atOrBelow: move.to) else { return nil }
            sought = move.from + path[move.to.count...]
        }
        while true {
            if stat == nil {
                guard position < cache.records.upperBound else { return nil }
                try readRecord()
            }
            let order = PathOrder.compare(self.path, self.kind, sought, kind)
            if order > 0 { return nil }
            let stat = self.stat
            self.stat = nil
            if order < 0 { continue }
            hadEntry = true
            guard let stat, self.kind == kind, stat == StatRecord(status) else {
                hadOtherFile = stat?.identity != status.identity
                return nil
            }
            var reader = rest
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
        do {
            let length = try recordLength()
            var reader = ByteReader(cache.map.array(position..<(position + length)), what: "file cache")
            position += length
            let shared = try reader.varint()
            let count = try reader.varint()
            guard shared <= UInt64(path.count), count < UInt64(reader.remaining) else { throw damage }
            path.removeLast(path.count - Int(shared))
            path += try reader.bytes(Int(count))
            guard let kind = EntryKind(rawValue: try reader.u8()) else { throw damage }
            self.kind = kind
            stat = try StatRecord(reading: &reader)
            rest = reader
        } catch is RecordError {
            throw damage
        }
    }

    private var damage: RepositoryError { RepositoryError(.integrity, "the file cache is damaged") }

    /// Reads a record's length, which fits into the records that are left.
    private func recordLength() throws -> Int {
        let end = cache.records.upperBound
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 63 {
            let byte = cache.map[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                guard value <= UInt64(end - position) else { break }
                return Int(value)
            }
            shift += 7
        }
        throw damage
    }
}
