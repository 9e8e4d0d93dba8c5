internal import Glibc

/// The open directories of a path that is walked depth first.
///
/// The first 256 levels stay open; beyond them the 32 latest and every 32nd do, so a path of any depth needs few
/// descriptors. A level that was closed is opened again from the nearest open one above it, step by step, passing
/// through no link, and must be the directory that it was.
package struct DirectoryStack: Sendable {
    private struct Level {
        /// Where the level's path ends in `path`.
        let pathEnd: Int
        /// Known for the levels that may be closed and opened again.
        let identity: FileIdentity?
        var directory: Directory?
    }

    /// So many levels from the root stay open.
    private static let alwaysOpen = 256

    /// Beyond them so many of the latest stay open, and one in so many of the others.
    private static let window = 32

    /// The path of the current directory below the root: components joined by `/`, empty at the root.
    package private(set) var path: [UInt8] = []

    /// The directory that the walk has reached.
    package private(set) var current: Directory

    private let root: Directory
    private var levels: [Level] = []

    /// Starts at a root directory, which stays open.
    package init(root: Directory) {
        self.root = root
        current = root
    }

    /// How many directories below the root the current one lies.
    package var depth: Int { levels.count }

    /// How many descriptors are open, the root's included.
    package var openCount: Int { 1 + levels.count { $0.directory != nil } }

    /// Enters the directory of that name in the current one; a link in its place is refused.
    package mutating func push(_ name: [UInt8]) throws(SystemError) {
        try push(current.openDirectory(name), named: name)
    }

    /// Enters a directory that was opened in the current one under that name.
    package mutating func push(_ directory: Directory, named name: [UInt8]) throws(SystemError) {
        let depth = levels.count
        let identity = depth >= Self.alwaysOpen ? try directory.status().identity : nil
        if !path.isEmpty { path.append(UInt8(ascii: "/")) }
        path.append(contentsOf: name)
        levels.append(Level(pathEnd: path.count, identity: identity, directory: directory))
        current = directory
        let leaving = depth - Self.window
        if leaving >= Self.alwaysOpen, !isCheckpoint(leaving) { levels[leaving].directory = nil }
    }

    /// Returns to the parent of the current directory; at the root it does nothing.
    ///
    /// If the parent had been closed and is not to be found again where it was, an error says so and the stack stays
    /// as it is.
    package mutating func pop() throws(SystemError) {
        guard !levels.isEmpty else { return }
        let parent = levels.count - 2
        if parent >= 0 { try reopen(parent) }
        levels.removeLast()
        path.removeLast(path.count - (levels.last?.pathEnd ?? 0))
        current = levels.last?.directory ?? root
    }

    private func isCheckpoint(_ level: Int) -> Bool { level % Self.window == 0 }

    /// Opens a level and those above it up to the nearest one that is open.
    private mutating func reopen(_ level: Int) throws(SystemError) {
        var first = level
        while first >= 0, levels[first].directory == nil { first -= 1 }
        guard first < level else { return }
        var directory = first >= 0 ? levels[first].directory ?? root : root
        for index in (first + 1)...level {
            let end = levels[index].pathEnd
            let start = index == 0 ? 0 : levels[index - 1].pathEnd + 1
            do throws(SystemError) {
                directory = try directory.openDirectory(path.span.extracting(start..<end))
                guard try directory.status().identity == levels[index].identity else {
                    throw SystemError(errno: ESTALE, operation: "return to directory")
                }
            } catch {
                throw SystemError(errno: error.errno, operation: "return to directory", path: Array(path[..<end]))
            }
            levels[index].directory = directory
        }
    }
}
