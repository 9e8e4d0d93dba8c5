import Cryptography
import FileSystem
import Records

extension Entry {
    /// An entry with what a file's status says; content, link target and attributes come later.
    init(path: [UInt8], kind: EntryKind, status: FileStatus) {
        self.init(path: path, kind: kind)
        apply(status)
    }

    /// Takes over what a status says.
    mutating func apply(_ status: FileStatus) {
        permissions = status.permissions
        userID = status.userID
        groupID = status.groupID
        userName = AccountNames.user(status.userID)
        groupName = AccountNames.group(status.groupID)
        modifiedSeconds = status.modified.seconds
        modifiedNanoseconds = status.modified.nanoseconds
        if kind == .regular { size = UInt64(max(0, status.size)) }
        if kind.isDevice {
            deviceMajor = status.deviceMajor
            deviceMinor = status.deviceMinor
        }
    }
}

extension EntryKind {
    /// The kind of entry for a kind of file.
    init(_ kind: FileKind) {
        switch kind {
        case .regular: self = .regular
        case .directory: self = .directory
        case .symbolicLink: self = .symbolicLink
        case .fifo: self = .fifo
        case .socket: self = .socket
        case .characterDevice: self = .characterDevice
        case .blockDevice: self = .blockDevice
        }
    }
}

/// Names of users and groups as text; a name that is no UTF-8 is left out, the number always counts.
enum AccountNames {
    static func user(_ id: UInt32) -> String { text(NameService.userName(id)) }
    static func group(_ id: UInt32) -> String { text(NameService.groupName(id)) }

    private static func text(_ bytes: [UInt8]?) -> String {
        guard let bytes, let text = String(validating: bytes, as: UTF8.self) else { return "" }
        return text
    }
}
