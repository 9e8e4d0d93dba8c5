import FileSystem
import Glibc

/// Reads a file of at most 64 MiB.
func read(_ path: String) throws -> [UInt8] {
    let (directory, name) = try parent(of: path)
    return try directory.readFile(name, limit: 64 << 20)
}

/// A file, or the files of a directory.
func files(at path: String) throws -> [String] {
    guard let directory = try? Directory.open(path: Array(path.utf8)) else { return [path] }
    let names = try directory.names()
    return (0..<names.count).map { "\(path)/\(String(decoding: names[$0], as: UTF8.self))" }.sorted()
}

/// Writes a file.
func write(_ bytes: [UInt8], to path: String) throws {
    let (directory, name) = try parent(of: path)
    try directory.writeFileAtomically(name, bytes)
}

private func parent(of path: String) throws -> (Directory, [UInt8]) {
    let bytes = Array(path.utf8)
    let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { Array(bytes[...$0]) } ?? Array(".".utf8)
    return (try Directory.open(path: folder), slash.map { Array(bytes[($0 + 1)...]) } ?? bytes)
}

/// A directory of this process below `TMPDIR`, or `/tmp`, for files that a target needs.
func makeScratchDirectory() throws -> (path: String, directory: Directory) {
    let base = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    let name = "holdfast-fuzz-\(getpid())"
    let parent = try Directory.open(path: Array(base.utf8))
    return ("\(base)/\(name)", try parent.openOrMakeDirectory(Array(name.utf8)).directory)
}
