import FileSystem

/// File systems of the kernel that hold no data: what they show is made up on reading, and no restore could bring it
/// back.
///
/// devtmpfs is not told from tmpfs by the kernel; of what is in it a backup keeps device nodes, which have no content.
enum PseudoFileSystem {
    /// The magic numbers of statfs(2) (linux/magic.h and the sources of the kernel), with the names that mount(8) uses.
    private static let names: [UInt64: String] = [
        0x9FA0: "proc", 0x6265_6572: "sysfs", 0x0027_E0EB: "cgroup", 0x6367_7270: "cgroup2", 0x6462_6720: "debugfs",
        0x7472_6163: "tracefs", 0x7363_6673: "securityfs", 0x6165_676C: "pstore", 0xCAFE_4A11: "bpf",
        0x6265_6570: "configfs", 0x1980_0202: "mqueue", 0x9584_58F6: "hugetlbfs", 0x0187: "autofs",
        0x6573_5543: "fusectl", 0x4249_4E4D: "binfmt_misc", 0x6E73_6673: "nsfs", 0x6759_6969: "rpc_pipefs",
        0x6E66_7364: "nfsd", 0xF97C_FF8C: "selinuxfs", 0x4341_5D53: "smackfs", 0xDE5E_81E4: "efivarfs",
        0x1CD1: "devpts", 0x0765_5821: "resctrl", 0x5A3C_69F0: "apparmorfs",
    ]
    /// FUSE: such a file system may know no sizes before a file is read (fuse(4), direct I/O).
    private static let fuse: UInt64 = 0x6573_5546

    /// The most that is read of one file of a pseudo file system, bytes: some, such as /proc/kcore, never end.
    static let longestContent: Int64 = 64 << 20

    /// The name of the kind, if it is one of these.
    static func name(ofType type: UInt64) -> String? { names[type] }

    /// Whether sizes that the file system states may be zero for files that have content.
    static func hidesSizes(type: UInt64) -> Bool { names[type] != nil || type == fuse }
}

/// A file of a pseudo file system that is too long to be content.
struct EndlessFile: Error, CustomStringConvertible {
    var description: String { "it is a file of the kernel's that has no end, or none worth saving" }
}

/// Remembers what kinds of file systems a walk meets, so that each is asked once.
struct MountKinds {
    private var types: [UInt64: UInt64] = [:]

    /// The type of the file system that a directory of this device lies on; 0 if it does not say.
    mutating func type(of device: UInt64, _ directory: Directory) -> UInt64 {
        if let known = types[device] { return known }
        let type = (try? directory.space().type) ?? 0
        types[device] = type
        return type
    }
}
