import Cryptography
import FileSystem
import Records

@testable import ManifestSamples
@testable import RecordSamples
@testable import Snapshots

/// The local cache of the last snapshot's entries, with a right hash.
final class FileCacheTarget: FuzzTarget {
    static let name = "filecache"
    static let parsers = [
        "Snapshots/Backup/FileCache.swift", "Snapshots/Backup/FileCacheReader.swift",
        "Snapshots/Backup/StatRecord.swift",
    ]
    static func shape(of input: [UInt8]) -> InputShape {
        .head(1, .block(.bytes, then: .block(.bytes, then: .counted(.bytes))))
    }

    private let directory: Directory
    private let dataset: DatasetID
    private let status: FileStatus

    init() throws {
        directory = try makeScratchDirectory().directory
        dataset = try testIdentifier(0x66)
        // The root directory of the system: its numbers stand in the seeds of one machine; others find them by mutation.
        status = try Directory.open(path: [UInt8(ascii: "/")]).status()
    }

    /// A block of what stands behind the records, a block of paths to ask for, each with its length before it, then the
    /// records.
    func run(_ input: [UInt8]) throws {
        var input = InputReader(input)
        let setsStat = input.byte() % 2 == 0
        let behind = input.block()
        var paths = InputReader(input.block())
        var records = input.remainder()
        if setsStat { records = replacingMarker(in: records) }
        var bytes = FileCache.magic + records
        let thin = try appendTables(behind, records, to: &bytes)
        try sha256(bytes).append(to: &bytes)
        try directory.writeFileAtomically(FileCache.name(of: dataset), bytes)
        guard let cache = FileCacheReader(directory: directory, dataset: dataset) else {
            try require(thin == nil, "a whole cache does not open")
            return
        }
        if let thin { try require(cache.thinBundles() == thin, "thin bundles are read otherwise than written") }
        try move(cache, paths)
        var read: [PreviousEntry] = []
        while !paths.isAtEnd {
            let kind = EntryKind(rawValue: paths.byte() % 8 + 1) ?? .regular
            let path = paths.take(Int(paths.byte()))
            guard let found = try attempt({ try cache.unchanged(path, status, kind: kind) }) else { break }
            guard let found else { continue }
            read.append(found)
            try require(found.entry.path == path && found.entry.kind == kind, "an entry of another path was found")
            try found.entry.validate()
            try require(cache.hadEntry, "an entry was found that was not there")
        }
        if !read.isEmpty { try rewrite(read) }
    }

    /// Appends the tables of directories and of thin bundles, and their counts.
    ///
    /// Each byte is a directory: the record of so high a number, or any place. All have the numbers of the directory that
    /// is asked for. The first byte says how many bundles there are, and whether the counts are wrong.
    /// - Returns: the bundles, or nil if the counts are wrong.
    private func appendTables(_ input: [UInt8], _ records: [UInt8], to bytes: inout [UInt8]) throws -> Set<ChunkID>? {
        var input = InputReader(input)
        let head = input.byte()
        let starts = recordStarts(records)
        var directories: UInt64 = 0
        while !input.isAtEnd, directories < 32 {
            let byte = Int(input.byte())
            bytes.appendLittleEndian64(status.identity.device)
            bytes.appendLittleEndian64(status.identity.inode)
            bytes.appendLittleEndian64(UInt64(byte < 128 && !starts.isEmpty ? starts[byte % starts.count] : byte))
            directories += 1
        }
        let thin = try (0..<head % 4).map { try testDigest($0) }
        for bundle in thin { bundle.append(to: &bytes) }
        let excess: UInt64 = head & 4 == 0 ? 0 : head & 8 == 0 ? 1 : .max / 2
        bytes.appendLittleEndian64(directories + excess)
        bytes.appendLittleEndian64(UInt64(thin.count) + (head & 16 == 0 ? 0 : excess))
        return excess == 0 ? Set(thin) : nil
    }

    /// Where the records begin in the file.
    private func recordStarts(_ records: [UInt8]) -> [Int] {
        var reader = ByteReader(records, what: "input")
        var starts: [Int] = []
        while !reader.isAtEnd {
            starts.append(FileCache.magic.count + records.count - reader.remaining)
            guard (try? reader.countedBytes()) != nil else { break }
        }
        return starts
    }

    /// What is found below a moved directory has its present path.
    private func move(_ cache: FileCacheReader, _ paths: InputReader) throws {
        let path = Array("moved/to".utf8)
        guard let moved = try attempt({ try cache.moved(status, to: path) }), let moved else { return }
        var paths = paths
        while !paths.isAtEnd {
            let kind = EntryKind(rawValue: paths.byte() % 8 + 1) ?? .regular
            let below = path + [UInt8(ascii: "/")] + paths.take(Int(paths.byte()))
            guard let found = try attempt({ try moved.unchanged(below, status, kind: kind) }) else { return }
            guard let found else { continue }
            try require(found.entry.path == below && found.entry.kind == kind, "an entry of another path was moved")
            try found.entry.validate()
        }
    }

    /// A cache of what was found holds the same.
    private func rewrite(_ entries: [PreviousEntry]) throws {
        let writer = try FileCacheWriter(directory: directory, dataset: dataset)
        for previous in entries {
            try writer.add(previous.entry, StatRecord(status), treeChunks: previous.treeChunks)
        }
        try writer.commit()
        guard let cache = FileCacheReader(directory: directory, dataset: dataset) else {
            throw Finding(message: "a cache that was written does not open")
        }
        for previous in entries {
            let again = try cache.unchanged(previous.entry.path, status, kind: previous.entry.kind)
            try require(
                again?.entry == previous.entry && again?.treeChunks == previous.treeChunks,
                "an entry changes when it is written to the cache"
            )
        }
        let abandoned = try FileCacheWriter(directory: directory, dataset: dataset)
        abandoned.abandon()
    }

    /// Stands in seeds for the numbers of a file, which differ from machine to machine.
    private static let marker = Array("<stat>".utf8)

    /// Puts the numbers of this machine's root directory in the place of the marker, and sets the records' lengths.
    private func replacingMarker(in records: [UInt8]) -> [UInt8] {
        var numbers: [UInt8] = []
        StatRecord(status).append(to: &numbers)
        var result: [UInt8] = []
        var reader = ByteReader(records, what: "input")
        while !reader.isAtEnd {
            var ahead = reader
            guard var record = (try? ahead.countedBytes()).map(Array.init) else {
                return result + ((try? reader.bytes(reader.remaining)).map(Array.init) ?? [])
            }
            let places = record.indices.filter { record[$0...].starts(with: Self.marker) }
            if let place = places.first { record.replaceSubrange(place..<(place + Self.marker.count), with: numbers) }
            Varint.append(UInt64(record.count), to: &result)
            result += record
            reader = ahead
        }
        return result
    }

    func seeds() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        for round in 0..<6 {
            var sample = RandomManifest(seed: UInt64(80 + round))
            var paths: [UInt8] = []
            var records: [UInt8] = []
            var last: [UInt8] = []
            for (number, entry) in sample.entries(count: 6).enumerated() where entry.path.count < 250 {
                let shared = PathOrder.sharedPrefix(last, entry.path)
                var record: [UInt8] = []
                Varint.append(UInt64(shared), to: &record)
                Varint.append(UInt64(entry.path.count - shared), to: &record)
                record += entry.path[shared...]
                record.append(entry.kind.rawValue)
                record += Self.marker
                Varint.append(UInt64(number % 3), to: &record)
                for chunk in 0..<(number % 3) { TreeSamples.reference(chunk).append(to: &record) }
                try entry.appendFields(to: &record)
                Varint.append(UInt64(record.count), to: &records)
                records += record
                paths += [entry.kind.rawValue - 1, UInt8(entry.path.count)] + entry.path
                last = entry.path
            }
            var input = InputWriter()
            input.byte(0)
            input.block([[], [0, 0], [2, 0, 1, 2, 3], [3, 200, 1], [12, 0], [20, 1]][round])
            input.block(paths)
            input.raw(records)
            seeds.append(input.bytes)
        }
        return seeds
    }
}
