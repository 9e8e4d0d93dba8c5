internal import CLinux
internal import Glibc

extension Directory {
    /// Creates a file that must not exist yet, open for reading and writing.
    /// - Parameter permissions: bits that the process's umask may lessen, never widen.
    package func createFile(
        _ name: [UInt8],
        permissions: UInt16 = 0o600
    ) throws(SystemError) -> Descriptor {
        let result = try callNaming(name.span, "create file") {
            unsafe clinux_open(number, $0.pointer, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, UInt32(permissions))
        }
        return Descriptor(adopting: Int32(result))
    }

    /// Opens a file for reading and writing, creating it if need be; a link in its place is refused.
    package func openOrCreateFile(
        _ name: [UInt8],
        permissions: UInt16 = 0o600
    ) throws(SystemError) -> Descriptor {
        let result = try callNaming(name.span, "open or create file") {
            unsafe clinux_open(number, $0.pointer, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, UInt32(permissions))
        }
        return Descriptor(adopting: Int32(result))
    }

    /// Creates a file without a name, which vanishes on closing unless `linkAnonymousFile` names it.
    /// - Returns: the file open for reading and writing, or nil when the file system cannot do that.
    package func createAnonymousFile(permissions: UInt16 = 0o600) throws(SystemError) -> Descriptor? {
        let result = unsafe clinux_open(number, ".", O_RDWR | OpenFlag.temporary, UInt32(permissions))
        // EISDIR and ENOENT come from kernels and file systems that take the flag for an ordinary opening.
        if [EOPNOTSUPP, EISDIR, ENOENT, EINVAL].contains(where: { result == -Int($0) }) { return nil }
        return Descriptor(adopting: Int32(try checked(result, "create file without a name")))
    }

    /// Names a file that `createAnonymousFile` made on the same file system; the name must not exist yet.
    package func linkAnonymousFile(_ file: Descriptor, as name: [UInt8]) throws(SystemError) {
        try callNaming(name.span, "name new file") {
            unsafe clinux_link_anonymous(file.rawValue, number, $0.pointer)
        }
    }

    /// Creates a directory that must not exist yet.
    /// - Parameter permissions: bits that the process's umask may lessen, never widen.
    package func makeDirectory(_ name: [UInt8], permissions: UInt16 = 0o700) throws(SystemError) {
        try callNaming(name.span, "make directory") {
            unsafe clinux_make_directory(number, $0.pointer, UInt32(permissions))
        }
    }

    /// Opens the directory of that name, making it first if it is missing.
    /// - Returns: the directory, and whether it was made; if so, `sync()` makes its name durable.
    package func openOrMakeDirectory(
        _ name: [UInt8],
        permissions: UInt16 = 0o700
    ) throws(SystemError) -> (directory: Directory, made: Bool) {
        do {
            return (try openDirectory(name), false)
        } catch {
            if error.errno != ENOENT { throw error }
        }
        var made = true
        do {
            try makeDirectory(name, permissions: permissions)
        } catch {
            // Somebody else was faster.
            if error.errno != EEXIST { throw error }
            made = false
        }
        return (try openDirectory(name), made)
    }

    /// Creates a symbolic link; the target is any bytes without a zero byte, 1…4095 of them.
    package func makeSymbolicLink(_ name: [UInt8], target: [UInt8]) throws(SystemError) {
        guard !target.contains(0) else {
            throw SystemError(errno: EINVAL, operation: "make symbolic link to", path: target)
        }
        try callNaming(name.span, "make symbolic link") { name in
            withCName(target.span) { unsafe clinux_make_link($0.pointer, number, name.pointer) }
        }
    }

    /// Creates a named pipe, a socket's name, or a device, for which a privilege is needed.
    package func makeNode(
        _ name: [UInt8],
        kind: FileKind,
        permissions: UInt16,
        deviceMajor: UInt32 = 0,
        deviceMinor: UInt32 = 0
    ) throws(SystemError) {
        guard [.fifo, .socket, .characterDevice, .blockDevice].contains(kind) else {
            throw SystemError(errno: EINVAL, operation: "make special file", path: name)
        }
        try callNaming(name.span, "make special file") {
            unsafe clinux_make_node(number, $0.pointer, kind.modeBits | UInt32(permissions), deviceMajor, deviceMinor)
        }
    }

    /// Gives an entry a second name; a symbolic link is linked itself, not what it points to.
    package func link(
        _ name: [UInt8],
        to destination: Directory,
        as newName: [UInt8]
    ) throws(SystemError) {
        try requireName(newName.span, "link to new name")
        try callNaming(name.span, "link") { name in
            withCName(newName.span) {
                unsafe clinux_link(number, name.pointer, destination.number, $0.pointer, 0)
            }
        }
    }
}
