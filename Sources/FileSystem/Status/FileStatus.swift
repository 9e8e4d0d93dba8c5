internal import CLinux
internal import Glibc

/// What the system says about a file without opening it.
package struct FileStatus: Hashable, Sendable {
    /// What it is.
    package let kind: FileKind
    /// The permission bits with set-user-id, set-group-id and sticky: 0…0o7777.
    package let permissions: UInt16
    /// The owner's number.
    package let userID: UInt32
    /// The group's number.
    package let groupID: UInt32
    /// The length of the content in bytes (of a link: of its target).
    package let size: Int64
    /// The bytes allocated on disk; less than `size` in a file with holes.
    package let allocatedBytes: Int64
    /// When the content was last changed.
    package let modified: Timestamp
    /// When content or attributes were last changed; a program cannot set it.
    package let changed: Timestamp
    /// The device of the file system, as its major number shifted left by 32 with its minor number.
    package let device: UInt64
    /// The number of the file within the file system.
    package let inode: UInt64
    /// How many names the file has.
    package let linkCount: UInt32
    /// For a device: its major number, otherwise 0.
    package let deviceMajor: UInt32
    /// For a device: its minor number, otherwise 0.
    package let deviceMinor: UInt32
    /// The number of the mount it was reached through, or 0 when the kernel does not say (before Linux 5.8).
    package let mountID: UInt64
    /// The flags that the file system reports.
    package let flags: FileFlags

    /// The file's identity on this machine while it exists.
    package var identity: FileIdentity { FileIdentity(device: device, inode: inode) }
}

/// The pair of numbers that tells a file from every other one on this machine while it exists.
package struct FileIdentity: Hashable, Sendable {
    /// The device of the file system, as its major number shifted left by 32 with its minor number.
    package let device: UInt64
    /// The number of the file within the file system.
    package let inode: UInt64

    /// Makes an identity of its two numbers.
    package init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}

/// Flags of a file that `statx` reports.
package struct FileFlags: OptionSet, Hashable, Sendable {
    /// The flags as `statx` numbers them.
    package let rawValue: UInt64

    /// Makes flags of the system's numbers.
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The file cannot be changed, renamed or removed.
    package static let immutable = FileFlags(rawValue: UInt64(STATX_ATTR_IMMUTABLE))
    /// The file can only grow.
    package static let appendOnly = FileFlags(rawValue: UInt64(STATX_ATTR_APPEND))
    /// The owner asked backups to leave the file out (`chattr +d`).
    package static let noDump = FileFlags(rawValue: UInt64(STATX_ATTR_NODUMP))
    /// The directory is the root of a mount.
    package static let mountRoot = FileFlags(rawValue: UInt64(STATX_ATTR_MOUNT_ROOT))
}

extension FileStatus {
    /// Takes over what the call has filled in; nil when the kind is one that Linux does not define.
    init?(_ raw: clinux_status_t) {
        guard let kind = FileKind(mode: raw.mode) else { return nil }
        self.kind = kind
        permissions = raw.mode & 0o7777
        userID = raw.user_id
        groupID = raw.group_id
        size = raw.size
        allocatedBytes = raw.allocated_bytes
        modified = Timestamp(seconds: raw.modified_seconds, nanoseconds: raw.modified_nanoseconds)
        changed = Timestamp(seconds: raw.changed_seconds, nanoseconds: raw.changed_nanoseconds)
        device = UInt64(raw.device_major) << 32 | UInt64(raw.device_minor)
        inode = raw.inode
        linkCount = raw.link_count
        deviceMajor = raw.node_major
        deviceMinor = raw.node_minor
        mountID = raw.mount_id
        flags = FileFlags(rawValue: raw.attributes)
    }
}
