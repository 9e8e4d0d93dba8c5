internal import CLinux
internal import Glibc

/// A call to the operating system that failed.
package struct SystemError: Error, Hashable, Sendable {
    /// The system's error number, or `SystemError.unexpectedEnd`.
    package let errno: Int32

    /// What was being done, as a verb phrase that the name completes: "open", "make directory", "list names of".
    package let operation: String

    /// The name or path it was done to, as raw bytes; empty when it was done to an open descriptor.
    package let path: [UInt8]

    /// Not a number of the system: a file ended before the bytes that were asked for.
    package static let unexpectedEnd: Int32 = -1

    /// Describes a failed call.
    package init(errno: Int32, operation: String, path: [UInt8] = []) {
        self.errno = errno
        self.operation = operation
        self.path = path
    }

    /// The same error with the path of the directory that its name stands in put before it.
    package func located(in directory: [UInt8]) -> SystemError {
        guard !directory.isEmpty else { return self }
        guard !path.isEmpty else { return SystemError(errno: errno, operation: operation, path: directory) }
        let separator: [UInt8] = directory.last == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]
        return SystemError(errno: errno, operation: operation, path: directory + separator + path)
    }
}

extension SystemError {
    /// The name, or a directory on the way to it, does not exist.
    package var isNotFound: Bool { errno == ENOENT }

    /// Something else stands where a directory should; with "no link followed" this may be a symbolic link.
    package var isNotDirectory: Bool { errno == ENOTDIR }

    /// The name exists already.
    package var isAlreadyExisting: Bool { errno == EEXIST }

    /// There is no room left, be it the disk's or a quota's.
    package var isNoSpace: Bool { errno == ENOSPC || errno == EDQUOT }

    /// The rights of this process do not suffice, or the file system is mounted read-only.
    package var isPermissionDenied: Bool { errno == EACCES || errno == EPERM || errno == EROFS }

    /// The file system or kernel does not know the operation.
    package var isUnsupported: Bool { errno == EOPNOTSUPP || errno == ENOSYS || errno == ENOTTY }

    /// A symbolic link stands where none may be followed.
    package var isLinkRefused: Bool { errno == ELOOP }
}

extension SystemError: CustomStringConvertible {
    /// What failed, on what, and why, in one line of plain words; the middle of a very long path is left out.
    package var description: String {
        let shown =
            path.count <= 1024
            ? printable(path) : "\(printable(Array(path.prefix(384))))…\(printable(Array(path.suffix(384))))"
        let object = path.isEmpty ? "" : " \"\(shown)\""
        return "cannot \(operation)\(object): \(reason)"
    }

    /// Why it failed, in plain words, with the number for those who look it up.
    package var reason: String {
        let words: String
        switch errno {
        case SystemError.unexpectedEnd: return "the file ended before the expected bytes"
        case ENOSPC: words = "no space left on the device"
        case EDQUOT: words = "the disk quota is used up"
        case EACCES, EPERM: words = "permission denied"
        case EROFS: words = "the file system is read-only"
        case ENOENT: words = "it does not exist"
        case EEXIST: words = "it exists already"
        case ENOTDIR: words = "it, or a part of its path, is not a directory"
        case EISDIR: words = "it is a directory"
        case ENOTEMPTY: words = "the directory is not empty"
        case ELOOP: words = "a symbolic link stands where none may be followed"
        case EXDEV: words = "it lies outside the directory or on another file system"
        case ENAMETOOLONG: words = "the name is too long"
        case EINVAL: words = "the name or value is not valid here"
        case EIO: words = "the device reported an input/output error"
        case EMFILE, ENFILE: words = "too many files are open"
        case EOPNOTSUPP, ENOSYS, ENOTTY: words = "not supported by this file system or kernel"
        case ETXTBSY: words = "the program file is running"
        case ESTALE: words = "the file is gone from the network file system"
        default: words = systemText(errno)
        }
        return "\(words) (error \(errno))"
    }
}

private func systemText(_ error: Int32) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        guard let base = buffer.baseAddress, unsafe clinux_error_text(error, base, buffer.count) == 0 else {
            return "unknown error"
        }
        return unsafe String(cString: base)
    }
}

extension SystemError {
    /// A file is longer than the caller allows.
    static func tooLarge(operation: String, path: [UInt8] = []) -> SystemError {
        SystemError(errno: EFBIG, operation: operation, path: path)
    }
}
