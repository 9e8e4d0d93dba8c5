/// A path that the format cannot hold.
struct PathTooLong: Error, CustomStringConvertible {
    var byteCount: Int
    var description: String { "its path has \(byteCount) bytes, more than the \(PathOrder.longestPath) that are kept" }
}
