import FileSystem
import Glibc

/// Removes whole trees without following a link or leaving the file system.
enum TreeRemoval {
    /// Removes a name, and if it is a directory everything below it.
    ///
    /// Throws a `SystemError` at the first name that cannot be removed, with its path from the directory on; one that
    /// lies on another mount is such a name.
    /// - Parameter check: asked before each name; what it throws ends the removal.
    /// - Returns: how many names were removed.
    @discardableResult
    static func remove(_ name: [UInt8], from directory: Directory, check: () throws -> Void = {}) throws -> UInt64 {
        let status = try directory.status(name)
        guard status.kind == .directory else {
            try directory.unlink(name)
            return 1
        }
        let mount = MountIdentity(try directory.status())
        var stack = DirectoryStack(root: directory)
        var pending: [Pending] = []
        var removed: UInt64 = 0
        do {
            pending.append(try enter(name, &stack, mount))
            while let last = pending.indices.last {
                try check()
                if pending[last].position == pending[last].names.count {
                    let name = pending.removeLast().name
                    try stack.pop()
                    try stack.current.removeDirectory(name)
                    removed += 1
                    continue
                }
                let next = pending[last].names[pending[last].position]
                pending[last].position += 1
                if pending[last].names.kind(at: pending[last].position - 1) != .directory {
                    do {
                        try stack.current.unlink(next)
                        removed += 1
                        continue
                    } catch {
                        if error.errno != EISDIR { throw error }
                    }
                }
                pending.append(try enter(next, &stack, mount))
            }
        } catch let error as SystemError {
            throw error.located(in: stack.path)
        }
        return removed
    }

    /// A directory whose names are being removed.
    private struct Pending {
        let name: [UInt8]
        let names: NameList
        var position = 0
    }

    private static func enter(
        _ name: [UInt8],
        _ stack: inout DirectoryStack,
        _ mount: MountIdentity
    ) throws -> Pending {
        let directory = try stack.current.openDirectoryWidening(name)
        guard MountIdentity(try directory.status()) == mount else {
            throw SystemError(errno: EXDEV, operation: "remove directory", path: name)
        }
        try stack.push(directory, named: name)
        return Pending(name: name, names: try directory.names())
    }
}

/// Where a file lies: renaming and linking work within one mount.
struct MountIdentity: Hashable, Sendable {
    private let device: UInt64
    private let mount: UInt64

    /// The mount through which a status was read.
    init(_ status: FileStatus) {
        device = status.device
        mount = status.mountID
    }
}

extension Directory {
    /// Opens a directory, and gives its owner the rights to read and change it first where they are lacking.
    func openDirectoryWidening(_ name: [UInt8]) throws -> Directory {
        let all = UInt16(0o700)
        let opened: Directory
        do {
            opened = try openDirectory(name)
        } catch {
            guard error.errno == EACCES, let status = try? status(name), status.kind == .directory else { throw error }
            try setPermissions(name, status.permissions | all)
            opened = try openDirectory(name)
        }
        if geteuid() != 0, let status = try? opened.status(), status.permissions & all != all {
            // Not being the owner is no failure yet: other rights may suffice.
            try? opened.descriptor.setPermissions(status.permissions | all)
        }
        return opened
    }
}
