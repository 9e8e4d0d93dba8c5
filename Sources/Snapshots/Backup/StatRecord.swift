import FileSystem
import Records

/// What tells whether a file is still the one that was saved: kept on this host, not in the snapshot, because it
/// changes without the content changing.
struct StatRecord: Hashable, Sendable {
    var device: UInt64
    var inode: UInt64
    var size: UInt64
    var modified: Timestamp
    var changed: Timestamp

    init(_ status: FileStatus) {
        device = status.device
        inode = status.inode
        size = UInt64(max(0, status.size))
        modified = status.modified
        changed = status.changed
    }

    /// The file by device and inode.
    var identity: FileIdentity { FileIdentity(device: device, inode: inode) }

    func append(to bytes: inout [UInt8]) {
        Varint.append(device, to: &bytes)
        Varint.append(inode, to: &bytes)
        Varint.append(size, to: &bytes)
        for time in [modified, changed] {
            Varint.appendSigned(time.seconds, to: &bytes)
            Varint.append(UInt64(time.nanoseconds), to: &bytes)
        }
    }

    init(reading reader: inout ByteReader) throws {
        device = try reader.varint()
        inode = try reader.varint()
        size = try reader.varint()
        modified = Timestamp(seconds: try reader.signedVarint(), nanoseconds: UInt32(clamping: try reader.varint()))
        changed = Timestamp(seconds: try reader.signedVarint(), nanoseconds: UInt32(clamping: try reader.varint()))
    }
}
