import Cryptography
import FileSystem
import Glibc

/// Reads secrets from files and pipes straight into locked memory.
enum SecretFile {
    /// The longest secret that is read, bytes.
    static let limit = 64 * 1024

    /// The whole content of a file; `what` names it in errors.
    ///
    /// - Throws: `UsageError` if it cannot be read or is too long.
    static func read(_ path: String, what: String) throws -> Secret {
        try read(open(path, what: what), what: "\(what) \"\(path)\"", withoutLineEnd: false)
    }

    /// A password: the content of a file without one line end behind it.
    ///
    /// - Throws: `UsageError` if it cannot be read or is too long.
    static func readPassword(_ path: String) throws -> Secret {
        try readPassword(open(path, what: "password file"), what: "password file \"\(path)\"")
    }

    /// A password: everything up to the end of a descriptor, without one line end behind it.
    static func readPassword(_ file: Descriptor, what: String) throws -> Secret {
        try read(file, what: what, withoutLineEnd: true)
    }

    private static func open(_ path: String, what: String) throws -> Descriptor {
        let number = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard number >= 0 else {
            throw UsageError("\(SystemError(errno: errno, operation: "open \(what)", path: Array(path.utf8)))")
        }
        return Descriptor(adopting: number)
    }

    private static func read(_ file: Descriptor, what: String, withoutLineEnd: Bool) throws -> Secret {
        var count = 0
        let whole = try unsafe Secret(count: limit + 1) { target in
            while count < target.count, let base = target.baseAddress {
                let got = unsafe Glibc.read(file.rawValue, base + count, target.count - count)
                if got < 0, errno == EINTR { continue }
                guard got >= 0 else {
                    throw UsageError("\(SystemError(errno: errno, operation: "read \(what)"))")
                }
                if got == 0 { break }
                count += got
            }
        }
        guard count <= limit else {
            throw UsageError("\(what) holds more than 64 KiB: that is no secret of this program")
        }
        return try withoutLineEnd ? whole.withoutLineEnd(count: count) : whole.prefix(count)
    }
}

extension Secret {
    /// The first `count` bytes.
    borrowing func prefix(_ count: Int) throws -> Secret {
        try withBytes { try Secret(copying: $0.extracting(0..<count)) }
    }

    /// The first `count` bytes but for one line end, `\n` or `\r\n`, behind them.
    borrowing func withoutLineEnd(count: Int) throws -> Secret {
        func byte(_ position: Int) -> UInt8? {
            guard position >= 0, position < self.count else { return nil }
            return withBytes { unsafe $0.unsafeLoad(fromByteOffset: position, as: UInt8.self) }
        }
        guard byte(count - 1) == 0x0A else { return try prefix(count) }
        return try prefix(byte(count - 2) == 0x0D ? count - 2 : count - 1)
    }

    /// Whether any of the bytes is this one.
    borrowing func contains(_ wanted: UInt8) -> Bool {
        withBytes { bytes in
            (0..<bytes.byteCount).contains { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) == wanted }
        }
    }
}
