internal import CLinux
internal import Glibc

/// What an existing file is opened for.
package enum FileAccess: Sendable {
    /// Reading; the access time stays as it is where the file system lets this process ask for that.
    case reading
    /// Writing within the file.
    case writing
    /// Both.
    case readingAndWriting

    var flags: Int32 {
        switch self {
        case .reading: O_RDONLY
        case .writing: O_WRONLY
        case .readingAndWriting: O_RDWR
        }
    }
}

extension Directory {
    /// Opens the directory of that name; a link in its place is refused.
    package func openDirectory(_ name: Span<UInt8>) throws(SystemError) -> Directory {
        let result = try callNaming(name, "open directory") {
            unsafe clinux_open(number, $0.pointer, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
        }
        return Directory(adopting: Descriptor(adopting: Int32(result)))
    }

    /// Opens the directory of that name; a link in its place is refused.
    package func openDirectory(_ name: [UInt8]) throws(SystemError) -> Directory {
        try openDirectory(name.span)
    }

    /// Opens the existing file of that name; a link in its place is refused.
    ///
    /// It never waits for the other end of a named pipe. Ask for the descriptor's status before believing that it is
    /// still what it was: the name may have changed hands.
    package func openFile(
        _ name: Span<UInt8>,
        for access: FileAccess = .reading
    ) throws(SystemError) -> Descriptor {
        let flags = access.flags | O_NOFOLLOW | O_NONBLOCK
        let result = try callNaming(name, "open") { name in
            if access == .reading {
                let result = unsafe clinux_open(number, name.pointer, flags | OpenFlag.noAccessTime, 0)
                // Only the owner and root may read without leaving a trace in the access time.
                if result != -Int(EPERM) { return result }
            }
            return unsafe clinux_open(number, name.pointer, flags, 0)
        }
        return Descriptor(adopting: Int32(result))
    }

    /// Opens the existing file of that name; a link in its place is refused.
    package func openFile(
        _ name: [UInt8],
        for access: FileAccess = .reading
    ) throws(SystemError) -> Descriptor {
        try openFile(name.span, for: access)
    }
}

extension Directory {
    /// Opens a directory by its path, absolute or relative to the current directory, following links as usual.
    ///
    /// The path may be longer than `PATH_MAX`.
    package static func open(path: [UInt8]) throws(SystemError) -> Directory {
        guard !path.isEmpty, !path.contains(0) else {
            throw SystemError(errno: EINVAL, operation: "open directory", path: path)
        }
        var number = AT_FDCWD
        var held: Directory?
        var rest = path[...]
        while let (step, remainder) = firstStep(of: rest) {
            // Steps on the way need only the right to pass through.
            let flags = O_DIRECTORY | (remainder.isEmpty ? O_RDONLY : OpenFlag.path)
            let opened = withCName(step.span) { unsafe clinux_open(number, $0.pointer, flags, 0) }
            let directory = Directory(
                adopting: Descriptor(adopting: Int32(try checked(opened, "open directory", path)))
            )
            number = directory.number
            held = directory
            rest = remainder
        }
        guard let held else { throw SystemError(errno: ENOENT, operation: "open directory", path: path) }
        return held
    }

    /// Opens a directory below this one, passing through no link and never leaving this directory.
    ///
    /// The path is relative, without empty, `.` or `..` components, of any length; an empty path opens this directory
    /// once more. Whatever is planted on the way, even while the call is at work, is refused.
    package func openDirectory(beneath path: [UInt8]) throws(SystemError) -> Directory {
        try openDirectory(beneath: path, usingOpenat2: true)
    }

    /// The same with a choice of system call; kernels before Linux 5.6 and some sandboxes lack `openat2`.
    package func openDirectory(
        beneath path: [UInt8],
        usingOpenat2: Bool
    ) throws(SystemError) -> Directory {
        guard !path.isEmpty else {
            let result = unsafe clinux_open(number, ".", O_RDONLY | O_DIRECTORY, 0)
            return Directory(adopting: Descriptor(adopting: Int32(try checked(result, "open directory"))))
        }
        for component in path.split(separator: 0x2F, omittingEmptySubsequences: false)
        where !isFileName(component.span) {
            throw SystemError(errno: EINVAL, operation: "open directory", path: path)
        }
        var current = self
        var rest = path[...]
        while usingOpenat2, let (step, remainder) = firstStep(of: rest) {
            let flags = O_DIRECTORY | (remainder.isEmpty ? O_RDONLY : OpenFlag.path)
            var result = 0
            // EAGAIN: something was renamed meanwhile and the kernel cannot vouch for the path.
            for _ in 0..<64 {
                result = withCName(step.span) {
                    unsafe clinux_open_beneath(current.number, $0.pointer, flags)
                }
                if result != -Int(EAGAIN) { break }
            }
            if result == -Int(ENOSYS) || result == -Int(EPERM) { break }
            current = Directory(adopting: Descriptor(adopting: Int32(try checked(result, "open directory", path))))
            rest = remainder
        }
        if rest.isEmpty { return current }
        for component in rest.split(separator: 0x2F) {
            do {
                current = try current.openDirectory(component.span)
            } catch {
                throw SystemError(errno: error.errno, operation: "open directory", path: path)
            }
        }
        return current
    }
}

/// Splits off as many components as one system call takes (`PATH_MAX` with the zero byte is 4096).
///
/// - Returns: nil when the path is used up. A component that is too long alone is passed on for the system to refuse.
private func firstStep(of path: ArraySlice<UInt8>) -> (step: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
    guard !path.isEmpty else { return nil }
    let limit = 4095
    if path.count <= limit { return (path, []) }
    let slash = UInt8(ascii: "/")
    let window = path[..<(path.startIndex + limit)]
    guard let cut = window.lastIndex(of: slash) ?? path.firstIndex(of: slash) else { return (path, []) }
    // A leading slash belongs to the step, for it says that the path is absolute.
    let end = cut == path.startIndex ? cut + 1 : cut
    return (path[..<end], path[end...].drop { $0 == slash })
}
