import FileSystem
import Snapshots

extension Entry {
    /// The entry's kind as one word, as in JSON.
    var kindName: String {
        switch kind {
        case .directory, .directoryEnd: "dir"
        case .regular: "file"
        case .symbolicLink: "symlink"
        case .fifo: "fifo"
        case .socket: "socket"
        case .characterDevice: "chardev"
        case .blockDevice: "dev"
        }
    }

    /// Kind and permissions as `ls -l` shows them.
    var modeText: String {
        let letter =
            switch kind {
            case .directory, .directoryEnd: "d"
            case .regular: "-"
            case .symbolicLink: "l"
            case .fifo: "p"
            case .socket: "s"
            case .characterDevice: "c"
            case .blockDevice: "b"
            }
        var text = letter
        let special: [(bit: UInt16, executable: String, other: String)] = [
            (0o4000, "s", "S"), (0o2000, "s", "S"), (0o1000, "t", "T"),
        ]
        for (index, shift) in [UInt16(6), 3, 0].enumerated() {
            let bits = permissions >> shift & 7
            text += bits & 4 != 0 ? "r" : "-"
            text += bits & 2 != 0 ? "w" : "-"
            if permissions & special[index].bit != 0 {
                text += bits & 1 != 0 ? special[index].executable : special[index].other
            } else {
                text += bits & 1 != 0 ? "x" : "-"
            }
        }
        return text
    }

    /// The modification time, nanoseconds since 1970; the nearest that a signed 64-bit number holds.
    var modificationNanoseconds: Int64 {
        let (product, overflow) = modifiedSeconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return modifiedSeconds < 0 ? .min : .max }
        let (sum, carried) = product.addingReportingOverflow(Int64(modifiedNanoseconds))
        return carried ? .max : sum
    }

    /// One line of a listing: the path, and with `isLong` what `ls -l` says.
    func line(isLong: Bool) -> String {
        let path = printable(absolute(self.path))
        guard isLong else { return path }
        let size = kind.isDevice ? "\(deviceMajor), \(deviceMinor)" : "\(size)"
        var text = modeText + " " + Format.padded("\(userID)", to: 6, onTheLeft: true)
        text += " " + Format.padded("\(groupID)", to: 6, onTheLeft: true)
        text += " " + Format.padded(size, to: 12, onTheLeft: true)
        let time = Moment.local(modificationNanoseconds)
        // Of a directory that is only the parent of what was saved no time is kept.
        text += " " + (flags.contains(.implied) ? Format.padded("-", to: time.count) : time) + " " + path
        if kind == .symbolicLink { text += " -> " + printable(linkTarget) }
        return text
    }

    /// The entry as a JSON line; names as restic has them, where the meaning is the same.
    func record(_ messageType: String) -> JSONValue {
        var record: JSONValue = ["message_type": .string(messageType)]
        record.add("name", path: Array(name))
        record.add("type", .string(kindName))
        record.add("path", path: absolute(path))
        record.add("uid", .unsigned(UInt64(userID)))
        record.add("gid", .unsigned(UInt64(groupID)))
        record.add("user", .string(userName))
        record.add("group", .string(groupName))
        record.add("mode", .unsigned(UInt64(permissions)))
        record.add("permissions", .string(modeText))
        record.add("mtime", .string(Moment.rfc3339(modificationNanoseconds)))
        if kind == .regular { record.add("size", .unsigned(size)) }
        if kind == .symbolicLink { record.add("linktarget", path: linkTarget) }
        if kind.isDevice {
            record.add("device_major", .unsigned(UInt64(deviceMajor)))
            record.add("device_minor", .unsigned(UInt64(deviceMinor)))
        }
        if hardLinkGroup != 0 { record.add("hardlink_group", .unsigned(hardLinkGroup)) }
        return record
    }
}
