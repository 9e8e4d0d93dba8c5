import Cryptography
import FileSystem

/// Everything about a tree of files that a restore is to bring back, by the system's own account.
///
/// Written for the demo's proof, on purpose without any of the code that saves and restores.
struct TreeFingerprint {
    private struct Item: Hashable {
        var kind: FileKind
        var permissions: UInt16
        var userID: UInt32
        var groupID: UInt32
        var modified: Timestamp
        var size: Int64
        var linkTarget: [UInt8]
        var content: Digest?

        var text: String {
            "\(kind) \(permissions) \(userID) \(groupID) \(modified.seconds).\(modified.nanoseconds) \(size) "
                + "\(printable(linkTarget)) \(content?.hex ?? "")"
        }
    }

    private var items: [[UInt8]: Item] = [:]

    /// Reads a directory and everything below it.
    init(_ directory: Directory) throws {
        items[[]] = try TreeFingerprint.item(directory, [], try directory.status())
        try add(directory, path: [])
    }

    /// The number of entries.
    var count: Int { items.count }

    /// The bytes of all files.
    var byteCount: UInt64 {
        items.values.reduce(0) { $0 + ($1.kind == .regular ? UInt64($1.size) : 0) }
    }

    /// Counts in words.
    var summary: String {
        let files = items.values.count { $0.kind == .regular }
        return "\(Format.count(files, "file")), \(Format.bytes(byteCount))"
    }

    /// What differs, a line each.
    func differences(from other: TreeFingerprint) -> [String] {
        Set(items.keys).union(other.items.keys).sorted { $0.lexicographicallyPrecedes($1) }.compactMap { path in
            let (mine, theirs) = (items[path], other.items[path])
            if mine == theirs { return nil }
            return "\(printable(path)): was \(mine?.text ?? "not there"), is \(theirs?.text ?? "not there")"
        }
    }

    /// One digest of everything.
    func digest() throws -> Digest {
        let lines = items.map { "\(printable($0.key)) \($0.value.text)" }.sorted().joined(separator: "\n")
        let bytes = Array(lines.utf8)
        return try unsafe SHA256.hash(bytes.span.bytes)
    }

    private mutating func add(_ directory: Directory, path: [UInt8]) throws {
        let names = try directory.names()
        for index in 0..<names.count {
            let name = names[index]
            let status = try directory.status(name)
            let whole = path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
            items[whole] = try TreeFingerprint.item(directory, name, status)
            if status.kind == .directory { try add(try directory.openDirectory(name), path: whole) }
        }
    }

    private static func item(_ directory: Directory, _ name: [UInt8], _ status: FileStatus) throws -> Item {
        var content: Digest?
        if status.kind == .regular {
            let bytes = try directory.readFile(name, limit: 1 << 30)
            content = try unsafe SHA256.hash(bytes.span.bytes)
        }
        return Item(
            kind: status.kind,
            permissions: status.permissions,
            userID: status.userID,
            groupID: status.groupID,
            modified: status.modified,
            // The size of a directory is the file system's own affair.
            size: status.kind == .directory ? 0 : status.size,
            linkTarget: status.kind == .symbolicLink ? try directory.readLink(name) : [],
            content: content
        )
    }
}
