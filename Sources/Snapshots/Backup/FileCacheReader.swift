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
    private var rest = 0..<0
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
            var reader = ByteReader(cache.map.array(rest), what: "file cache")
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
        let map = cache.map
        let end = cache.records.upperBound
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
        guard shared <= path.count, position <= recordEnd, count < recordEnd - position else {
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
