package import FileSystem
internal import Glibc

/// A new directory for one test, removed with everything in it when the last reference goes.
package final class TemporaryDirectory: Sendable {
    /// Its absolute path.
    package let path: String

    /// The directory, open.
    package let directory: Directory

    /// Makes a directory below `TMPDIR`, or `/tmp`.
    package init() throws {
        let base = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        let parent = try Directory.open(path: Array(base.utf8))
        let name = TemporaryName.random(prefix: "holdfast-test-")
        try parent.makeDirectory(name)
        path = base + "/" + String(decoding: name, as: UTF8.self)
        directory = try parent.openDirectory(name)
    }

    deinit {
        removeContents(of: directory)
        _ = unsafe rmdir(path)
    }

    /// A path below the directory.
    package func path(_ name: String) -> String { path + "/" + name }
}

/// Removes everything below a directory, however deep, also where the rights were taken away.
///
/// What cannot be removed stays: a test's end is no place to fail.
package func removeContents(of root: Directory) {
    var stack = DirectoryStack(root: root)
    // Per level: the names that are still to be done, last first.
    var pending: [[[UInt8]]] = [names(in: root)]
    while let name = pending[pending.count - 1].popLast() ?? up(&stack, &pending) {
        if (try? stack.current.unlink(name)) != nil || (try? stack.current.removeDirectory(name)) != nil { continue }
        guard (try? stack.current.status(name))?.kind == .directory else { continue }
        try? stack.current.setPermissions(name, 0o700)
        if (try? stack.push(name)) != nil { pending.append(names(in: stack.current)) }
    }
}

private func names(in directory: Directory) -> [[UInt8]] {
    guard let list = try? directory.names() else { return [] }
    return (0..<list.count).map { list[$0] }
}

/// Leaves finished directories, removing each, until one has names left; nil when the root is done.
private func up(_ stack: inout DirectoryStack, _ pending: inout [[[UInt8]]]) -> [UInt8]? {
    while pending.count > 1 {
        pending.removeLast()
        let path = stack.path
        let last = path[((path.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1)...]
        guard (try? stack.pop()) != nil else { return nil }
        try? stack.current.removeDirectory(Array(last))
        if let name = pending[pending.count - 1].popLast() { return name }
    }
    return nil
}
