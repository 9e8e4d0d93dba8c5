internal import Glibc

/// What a directory entry is.
package enum FileKind: UInt8, Hashable, Sendable, CaseIterable {
    /// A file with content.
    case regular = 1
    /// A directory.
    case directory = 2
    /// A symbolic link.
    case symbolicLink = 3
    /// A named pipe.
    case fifo = 4
    /// A socket's name.
    case socket = 5
    /// A character device.
    case characterDevice = 6
    /// A block device.
    case blockDevice = 7

    /// The kind in the format bits of a file's mode, or nil when the system reports one that Linux does not define.
    init?(mode: UInt16) {
        switch UInt32(mode) & UInt32(S_IFMT) {
        case UInt32(S_IFREG): self = .regular
        case UInt32(S_IFDIR): self = .directory
        case UInt32(S_IFLNK): self = .symbolicLink
        case UInt32(S_IFIFO): self = .fifo
        case UInt32(S_IFSOCK): self = .socket
        case UInt32(S_IFCHR): self = .characterDevice
        case UInt32(S_IFBLK): self = .blockDevice
        default: return nil
        }
    }

    /// The kind that a directory itself states, or nil when the file system does not state it (`DT_UNKNOWN`).
    init?(directoryType: UInt8) {
        // DT_ constants are the format bits of the mode, shifted (readdir(3)).
        self.init(mode: UInt16(directoryType & 0xF) << 12)
    }

    /// The format bits of a file's mode.
    var modeBits: UInt32 {
        switch self {
        case .regular: UInt32(S_IFREG)
        case .directory: UInt32(S_IFDIR)
        case .symbolicLink: UInt32(S_IFLNK)
        case .fifo: UInt32(S_IFIFO)
        case .socket: UInt32(S_IFSOCK)
        case .characterDevice: UInt32(S_IFCHR)
        case .blockDevice: UInt32(S_IFBLK)
        }
    }
}
