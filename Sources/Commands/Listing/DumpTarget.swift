import FileSystem
import Glibc

/// The file that a dump goes to: it gets its name when it is whole, and replaces what had the name before.
///
/// Anything but a file that has the name, such as a pipe or a device, is written to as it stands.
final class DumpTarget {
    private let path: [UInt8]
    private let file: Descriptor
    private let place: (directory: Directory, temporary: [UInt8], name: [UInt8])?

    /// Opens the place that a user names; links are followed.
    ///
    /// - Throws: `UsageError` for a directory, `SystemError` if nothing can be written there.
    init(path typed: String) throws {
        let resolved = try resolvedPath(typed)
        path = resolved
        let slash = resolved.lastIndex(of: UInt8(ascii: "/")) ?? 0
        let name = Array(resolved[(slash + 1)...])
        guard !name.isEmpty, typed.last != "/" else { throw UsageError("\(typed) is a directory: name a file") }
        let directory = try Directory.open(path: slash == 0 ? [UInt8(ascii: "/")] : Array(resolved[..<slash]))
        let kind = try directory.statusIfPresent(name)?.kind
        if kind == .directory { throw UsageError("\(typed) is a directory: name a file") }
        if kind == nil || kind == .regular {
            let temporary = TemporaryName.random()
            file = try directory.createFile(temporary)
            place = (directory, temporary, name)
        } else {
            let number = unsafe (resolved + [0]).withUnsafeBufferPointer { buffer -> Int32 in
                guard let start = buffer.baseAddress else { return -1 }
                return unsafe start.withMemoryRebound(to: CChar.self, capacity: buffer.count) {
                    unsafe open($0, O_WRONLY | O_CLOEXEC | O_NOCTTY)
                }
            }
            guard number >= 0 else { throw SystemError(errno: errno, operation: "open", path: resolved) }
            file = Descriptor(adopting: number)
            place = nil
        }
    }

    /// Adds bytes.
    func write(_ bytes: RawSpan) throws {
        do {
            try file.write(bytes)
        } catch {
            throw SystemError(errno: error.errno, operation: "write", path: path)
        }
    }

    /// Makes the file durable and gives it its name.
    func commit() throws {
        guard let place else { return try file.close() }
        try file.sync()
        try file.close()
        try place.directory.rename(place.temporary, to: place.directory, as: place.name)
        try place.directory.sync()
    }

    /// Removes what was written.
    func discard() {
        if let place { try? place.directory.unlink(place.temporary) }
    }
}
