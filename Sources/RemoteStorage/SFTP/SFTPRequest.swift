/// A request to a server, in version 3 (draft-ietf-secsh-filexfer-02 §6).
enum SFTPRequest {
    case open(path: String, OpenFlags, permissions: UInt32?)
    case close(handle: [UInt8])
    case read(handle: [UInt8], offset: UInt64, count: UInt32)
    case write(handle: [UInt8], offset: UInt64, data: ArraySlice<UInt8>)
    case linkStatus(path: String)
    case status(path: String)
    case openDirectory(path: String)
    case readDirectory(handle: [UInt8])
    case remove(path: String)
    case makeDirectory(path: String, permissions: UInt32)
    case rename(from: String, to: String)
    case extended(SFTPExtension, fields: [[UInt8]])

    /// How a file is opened.
    struct OpenFlags: OptionSet {
        let rawValue: UInt32
        static let read = OpenFlags(rawValue: 1)
        static let write = OpenFlags(rawValue: 2)
        static let create = OpenFlags(rawValue: 8)
        static let exclusive = OpenFlags(rawValue: 32)
    }

    /// The packet that begins a session: length, SSH_FXP_INIT, version 3.
    static let initial: [UInt8] = [0, 0, 0, 5, 1, 0, 0, 0, 3]

    /// The whole packet with its length.
    func encoded(id: UInt32) -> [UInt8] {
        var bytes: [UInt8] = [0, 0, 0, 0, type]
        bytes.append(field: id)
        switch self {
        case .open(let path, let flags, let permissions):
            bytes.append(field: path)
            bytes.append(field: flags.rawValue)
            (permissions.map(SFTPAttributes.permissions) ?? SFTPAttributes()).append(to: &bytes)
        case .close(let handle), .readDirectory(let handle):
            bytes.append(field: handle)
        case .read(let handle, let offset, let count):
            bytes.append(field: handle)
            bytes.append(field: offset)
            bytes.append(field: count)
        case .write(let handle, let offset, let data):
            bytes.reserveCapacity(data.count + handle.count + 32)
            bytes.append(field: handle)
            bytes.append(field: offset)
            bytes.append(field: data)
        case .linkStatus(let path), .status(let path), .openDirectory(let path), .remove(let path):
            bytes.append(field: path)
        case .makeDirectory(let path, let permissions):
            bytes.append(field: path)
            SFTPAttributes.permissions(permissions).append(to: &bytes)
        case .rename(let from, let to):
            bytes.append(field: from)
            bytes.append(field: to)
        case .extended(let name, let fields):
            bytes.append(field: name.rawValue)
            for field in fields { bytes.append(field: field) }
        }
        let count = UInt32(truncatingIfNeeded: bytes.count - 4)
        for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: count >> UInt32(24 - 8 * index)) }
        return bytes
    }

    private var type: UInt8 {
        switch self {
        case .open: 3
        case .close: 4
        case .read: 5
        case .write: 6
        case .linkStatus: 7
        case .openDirectory: 11
        case .readDirectory: 12
        case .remove: 13
        case .makeDirectory: 14
        case .status: 17
        case .rename: 18
        case .extended: 200
        }
    }
}

/// What OpenSSH's server does beyond the draft (OpenSSH's PROTOCOL, §4); each has the version it is announced with.
enum SFTPExtension: String, CaseIterable {
    /// Flushes an open file to disk.
    case sync = "fsync@openssh.com"
    /// Gives a file a second name, never in the place of another.
    case hardLink = "hardlink@openssh.com"
    /// Tells the room on the file system of a path.
    case space = "statvfs@openssh.com"
    /// Tells the greatest lengths of packets.
    case limits = "limits@openssh.com"
}
