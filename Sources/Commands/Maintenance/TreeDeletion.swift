import FileSystem

extension Directory {
    /// Removes a file, or a directory with everything below it, following no link.
    func removeTree(_ name: [UInt8]) throws(SystemError) {
        guard let status = try statusIfPresent(name) else { return }
        guard status.kind == .directory else { return try unlink(name) }
        let inner = try openDirectory(name)
        let names = try inner.names()
        for index in 0..<names.count { try inner.removeTree(names[index]) }
        try inner.close()
        try removeDirectory(name)
    }

    /// The bytes of all files below, and when the last of them was changed.
    func usage() throws(SystemError) -> (bytes: UInt64, modified: Timestamp) {
        var bytes: UInt64 = 0
        var modified = try status().modified
        let names = try names()
        for index in 0..<names.count {
            guard let status = try statusIfPresent(names[index]) else { continue }
            modified = max(modified, status.modified)
            if status.kind == .directory {
                let inner = try openDirectory(names[index]).usage()
                bytes += inner.bytes
                modified = max(modified, inner.modified)
            } else {
                bytes += UInt64(max(0, status.size))
            }
        }
        return (bytes, modified)
    }
}
