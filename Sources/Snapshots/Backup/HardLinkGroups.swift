import Cryptography
import FileSystem

/// Finds names of one inode.
///
/// Memory is bounded by the inodes whose names have not all been met.
struct HardLinkGroups {
    private var open: [FileIdentity: (number: UInt64, left: UInt32)] = [:]

    /// The group of a file with several names.
    ///
    /// Its number comes from the path met first, so that it stays the same from snapshot to snapshot.
    mutating func group(of status: FileStatus, path: [UInt8]) -> (number: UInt64, isFirst: Bool) {
        if let known = open[status.identity] {
            open[status.identity] = known.left <= 1 ? nil : (known.number, known.left - 1)
            return (known.number, false)
        }
        let hash = (try? unsafe SHA256.hash(path.span.bytes).prefix64) ?? UInt64(status.inode)
        let number = hash >> 1 | 1
        open[status.identity] = (number, status.linkCount - 1)
        return (number, true)
    }
}
