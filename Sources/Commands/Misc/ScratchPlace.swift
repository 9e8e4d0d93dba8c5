import FileSystem
import Glibc

/// A directory to work in that holds nothing else.
struct ScratchPlace {
    /// Its absolute path.
    let path: String
    /// The directory, open.
    let directory: Directory
    private let isOurs: Bool

    /// Takes a directory that is new or empty, or makes a temporary one.
    init(_ chosen: String?, purpose: String) throws {
        let base = Variables().nonEmpty("TMPDIR") ?? "/tmp"
        let random = TemporaryName.random(prefix: "holdfast-\(purpose)-")
        let name = String(decoding: random.prefix(18 + purpose.utf8.count), as: UTF8.self)
        path = String(decoding: try absolutePath(Array((chosen ?? "\(base)/\(name)").utf8)), as: UTF8.self)
        isOurs = chosen == nil
        directory = try Directory.openOrMake(path: Array(path.utf8))
        guard try directory.names().isEmpty else {
            throw UsageError("\(path) is not empty: the \(purpose) wants a directory of its own")
        }
    }

    /// Removes everything in it, and itself if it was made here.
    func remove() throws {
        let names = try directory.names()
        for index in 0..<names.count { try directory.removeTree(names[index]) }
        if isOurs { _ = unsafe rmdir(path) }
    }
}
