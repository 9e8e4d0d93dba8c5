import FileSystem
import Glibc
import Snapshots

/// Opens a file that the user names, by whatever way: a link, a pipe, /dev/stdin, or `-` for standard input.
///
/// - Throws: `SystemError` naming the path.
func openUserFile(_ path: String) throws -> Descriptor {
    let number = path == "-" ? dup(STDIN_FILENO) : unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard number >= 0 else { throw SystemError(errno: errno, operation: "open", path: Array(path.utf8)) }
    return Descriptor(adopting: number)
}

/// The absolute form of a path, without `.`, `..` and empty components.
///
/// Links are left as they are, but for those before a `..`, which leads to the parent of what they point to; where
/// nothing is there, it is taken by its meaning in text.
func absolutePath(_ path: [UInt8]) throws -> [UInt8] {
    let slash = UInt8(ascii: "/")
    let whole = path.first == slash ? path : try workingDirectory() + [slash] + path
    var components = whole.split(separator: slash).filter { !$0.elementsEqual(".".utf8) }
    if let last = components.lastIndex(where: { $0.elementsEqual("..".utf8) }) {
        let start = [slash] + Array(components[...last].joined(separator: [slash]))
        components = realPath(start).map { $0.split(separator: slash) + components[(last + 1)...] } ?? components
    }
    return RootPaths.absolute(Array(components.joined(separator: [slash])), workingDirectory: [])
}

/// The path of something that exists, with all links resolved; nil if it cannot be told.
private func realPath(_ path: [UInt8]) -> [UInt8]? {
    let resolved = unsafe (path + [0]).withUnsafeBufferPointer { buffer -> UnsafeMutablePointer<CChar>? in
        guard let start = buffer.baseAddress else { return nil }
        return unsafe start.withMemoryRebound(to: CChar.self, capacity: buffer.count) { unsafe realpath($0, nil) }
    }
    guard let resolved = unsafe resolved else { return nil }
    defer { unsafe free(resolved) }
    return unsafe Array(UnsafeBufferPointer(start: resolved, count: strlen(resolved))).map { UInt8(bitPattern: $0) }
}

/// The directory that relative paths count from.
func workingDirectory() throws -> [UInt8] {
    guard let buffer = unsafe getcwd(nil, 0) else {
        throw SystemError(errno: errno, operation: "find out the current directory")
    }
    defer { unsafe free(buffer) }
    return unsafe Array(UnsafeBufferPointer(start: buffer, count: strlen(buffer))).map { UInt8(bitPattern: $0) }
}

/// The name of this host.
func hostName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// The name of the user that runs this process, or the number if it has none.
func currentUserName() -> String {
    NameService.userName(geteuid()).map { String(decoding: $0, as: UTF8.self) } ?? "\(geteuid())"
}

/// The absolute path of something that exists, with all links resolved; its absolute form if it does not exist.
func resolvedPath(_ path: String) throws -> [UInt8] {
    let bytes = RawArguments.bytes(of: path)
    return try realPath(bytes) ?? absolutePath(bytes)
}

/// Whether there is something at an absolute path, be it a link to nowhere; what cannot be told counts as there.
func exists(_ path: [UInt8]) -> Bool {
    let slash = path.lastIndex(of: UInt8(ascii: "/")) ?? 0
    let (parent, name) = (Array(path[..<max(slash, 1)]), Array(path[(slash + 1)...]))
    do throws(SystemError) {
        let directory = try Directory.open(path: parent)
        guard !name.isEmpty, !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8) else { return true }
        return try directory.statusIfPresent(name) != nil
    } catch {
        return !error.isNotFound
    }
}
