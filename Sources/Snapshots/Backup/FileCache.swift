import Cryptography
import FileSystem
import Records
import Repository

/// The entries of a dataset's last snapshot with what their files looked like, in path order, on local disk.
///
/// An unchanged file is recognised from it without asking the repository, so also by a member that cannot read there.
/// Losing the file means reading every file once more; nothing is stored twice.
///
/// Layout: magic (8) ‖ records ‖ directories ‖ thin bundles ‖ counts ‖ SHA-256 of all before. A record: varint length,
/// then varint shared, varint length and bytes of the rest of the path, u8 kind, stat record, varint number and ids of
/// the chunks of an extent tree, entry fields; the path of a directory stands in full, so that reading can begin there.
/// Directories: u64 device, u64 inode, u64 offset of the record, in runs of 65,536 each sorted by device and inode. Thin
/// bundles: chunk ids, ascending. Counts: u64 directories, u64 thin bundles.
final class FileCache: Sendable {
    static let magic = Array("HFSFILE2".utf8)
    /// Directories in a sorted run: what the writer holds in memory.
    static let runCount = 1 << 16
    static let directoryByteCount = 24
    private static let countsByteCount = 16

    let map: MappedFile
    /// Where the records are.
    let records: Range<Int>
    private let directoryCount: Int
    private let thinCount: Int

    /// The name of a dataset's file cache.
    static func name(of dataset: DatasetID) -> [UInt8] { Array("files-\(dataset.hex)".utf8) }

    /// Opens a cache.
    ///
    /// - Returns: `nil` if there is none, or it is damaged: then everything is read anew.
    init?(directory: Directory, dataset: DatasetID) {
        let least = FileCache.magic.count + FileCache.countsByteCount + Digest.byteCount
        guard let file = try? directory.openFile(FileCache.name(of: dataset), for: .reading),
            let map = try? MappedFile(file), map.count >= least,
            map.array(0..<FileCache.magic.count) == FileCache.magic
        else { return nil }
        let end = map.count - Digest.byteCount
        // A damaged record could make a changed file look unchanged; so the whole file is checked first.
        let isWhole = map.withBytes { bytes -> Bool in
            (try? SHA256.hash(bytes.extracting(0..<end))) == Digest(in: bytes, at: end)
        }
        guard isWhole else { return nil }
        let countsStart = end - FileCache.countsByteCount
        let room = UInt64(countsStart - FileCache.magic.count)
        let directories = map.load(UInt64.self, at: countsStart)
        let thin = map.load(UInt64.self, at: countsStart + 8)
        guard directories <= room / UInt64(FileCache.directoryByteCount),
            thin <= (room - directories * UInt64(FileCache.directoryByteCount)) / UInt64(Digest.byteCount)
        else { return nil }
        self.map = map
        directoryCount = Int(directories)
        thinCount = Int(thin)
        records =
            FileCache.magic
            .count..<(countsStart - thinCount * Digest.byteCount
            - directoryCount * FileCache.directoryByteCount)
    }

    /// Bundles of which less than half was in use when the cache was written.
    func thinBundles() -> Set<ChunkID> {
        let start = records.upperBound + directoryCount * FileCache.directoryByteCount
        return map.withBytes { bytes in
            Set((0..<thinCount).compactMap { Digest(in: bytes, at: start + $0 * Digest.byteCount) })
        }
    }

    /// Where the record of the directory of a device and inode begins, if the last snapshot had it.
    func recordOffset(of identity: FileIdentity) -> Int? {
        var first = 0
        while first < directoryCount {
            let last = min(directoryCount, first + FileCache.runCount)
            if let offset = find(identity, in: first..<last) { return offset }
            first = last
        }
        return nil
    }

    private func find(_ identity: FileIdentity, in run: Range<Int>) -> Int? {
        var low = run.lowerBound
        var high = run.upperBound
        func identityAndOffset(_ index: Int) -> (FileIdentity, UInt64) {
            let start = records.upperBound + index * FileCache.directoryByteCount
            let identity = FileIdentity(
                device: map.load(UInt64.self, at: start),
                inode: map.load(UInt64.self, at: start + 8)
            )
            return (identity, map.load(UInt64.self, at: start + 16))
        }
        while low < high {
            let middle = (low + high) / 2
            if identityAndOffset(middle).0 < identity { low = middle + 1 } else { high = middle }
        }
        guard low < run.upperBound else { return nil }
        let (found, offset) = identityAndOffset(low)
        guard found == identity, let offset = Int(exactly: offset), records.contains(offset) else { return nil }
        return offset
    }
}

extension FileIdentity {
    /// The order of a run of directories.
    static func < (left: FileIdentity, right: FileIdentity) -> Bool {
        (left.device, left.inode) < (right.device, right.inode)
    }
}
