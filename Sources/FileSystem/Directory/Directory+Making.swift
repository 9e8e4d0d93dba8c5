internal import Glibc

extension Directory {
    /// Opens a directory by its path, making those on the way that are missing; existing links are followed.
    ///
    /// The names of new directories are durable on return.
    /// - Parameter permissions: the bits of new directories.
    package static func openOrMake(
        path: [UInt8],
        permissions: UInt16 = 0o700
    ) throws(SystemError) -> Directory {
        do {
            return try open(path: path)
        } catch {
            if error.errno != ENOENT { throw error }
        }
        let slash = UInt8(ascii: "/")
        var components = path.split(separator: slash).map { Array($0) }
        var missing: [[UInt8]] = []
        var current: Directory?
        // From the end towards the start, until something exists.
        while current == nil {
            guard let last = components.popLast(), isFileName(last.span) else {
                throw SystemError(errno: ENOENT, operation: "make directory", path: path)
            }
            missing.append(last)
            let start: [UInt8] = path.first == slash ? [slash] : []
            let parent = start + Array(components.joined(separator: [slash]))
            do {
                current = try open(path: parent.isEmpty ? [UInt8(ascii: ".")] : parent)
            } catch {
                if error.errno != ENOENT { throw error }
            }
        }
        guard var current else { throw SystemError(errno: ENOENT, operation: "make directory", path: path) }
        while let name = missing.popLast() {
            let parent = current
            do {
                let (directory, made) = try parent.openOrMakeDirectory(name, permissions: permissions)
                if made { try parent.sync() }
                current = directory
            } catch {
                throw SystemError(errno: error.errno, operation: error.operation, path: path)
            }
        }
        return current
    }
}
