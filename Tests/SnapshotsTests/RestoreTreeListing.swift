import Cryptography
import FileSystem
import Foundation

/// Everything about a tree that a restore must bring back, as text per path: read by system calls alone.
func listTree(_ path: String) throws -> [String: String] {
    let root = try Directory.open(path: Array(path.utf8))
    var listing: [String: String] = [".": try describe(root)]
    var groups: [FileIdentity: String] = [:]
    var pending: [[UInt8]] = [[]]
    while let directoryPath = pending.popLast() {
        let directory = try root.openDirectory(beneath: directoryPath)
        let names = try directory.names()
        for index in 0..<names.count {
            let name = names[index]
            let path = directoryPath.isEmpty ? name : directoryPath + [0x2F] + name
            let key = printable(path)
            let status = try directory.status(name)
            if status.kind == .directory {
                pending.append(path)
                listing[key] = try describe(try directory.openDirectory(name))
                continue
            }
            var parts = try metadata(status, try directory.extendedAttributes(name))
            switch status.kind {
            case .regular: parts.append(try content(directory, name, status))
            case .symbolicLink: parts.append("-> \(printable(try directory.readLink(name)))")
            default: parts.append("device \(status.deviceMajor):\(status.deviceMinor)")
            }
            if status.linkCount > 1 { groups[status.identity] = min(groups[status.identity] ?? key, key) }
            listing[key] = parts.joined(separator: " ")
        }
    }
    return try addLinks(listing, root, groups)
}

/// Lets each name of an inode with several tell the first of them.
private func addLinks(
    _ listing: [String: String],
    _ root: Directory,
    _ groups: [FileIdentity: String]
) throws -> [String: String] {
    var listing = listing
    var pending: [[UInt8]] = [[]]
    while let directoryPath = pending.popLast() {
        let directory = try root.openDirectory(beneath: directoryPath)
        let names = try directory.names()
        for index in 0..<names.count {
            let name = names[index]
            let path = directoryPath.isEmpty ? name : directoryPath + [0x2F] + name
            let status = try directory.status(name)
            if status.kind == .directory { pending.append(path) }
            if let first = groups[status.identity], status.kind != .directory {
                listing[printable(path), default: ""] += " = \(first)"
            }
        }
    }
    return listing
}

private func describe(_ directory: Directory) throws -> String {
    try metadata(try directory.status(), try directory.descriptor.extendedAttributes()).joined(separator: " ")
}

private func metadata(_ status: FileStatus, _ attributes: [ExtendedAttribute]) throws -> [String] {
    var parts = [
        "\(status.kind)", String(status.permissions, radix: 8), "\(status.userID):\(status.groupID)",
        "\(status.modified.seconds).\(status.modified.nanoseconds)",
    ]
    for attribute in attributes { parts.append("\(printable(attribute.name))=\(printable(attribute.value))") }
    return parts
}

private func content(_ directory: Directory, _ name: [UInt8], _ status: FileStatus) throws -> String {
    let file = try directory.openFile(name)
    var hash = try SHA256()
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var stretches: [String] = []
    var position: Int64 = 0
    while let range = try file.dataRange(from: position, to: status.size) {
        stretches.append("\(range.lowerBound)-\(range.upperBound)")
        position = range.lowerBound
        while position < range.upperBound {
            let count = Int(min(Int64(buffer.count), range.upperBound - position))
            try file.readExactly(from: position, into: &buffer, at: 0, count: count)
            let copy = buffer
            try unsafe hash.update(copy.span.bytes.extracting(0..<count))
            position += Int64(count)
        }
    }
    return "\(status.size) \(stretches.joined(separator: ",")) \(try hash.finalize().hex.prefix(16))"
}

/// The entries that differ between two listings, for a readable failure.
func differences(_ left: [String: String], _ right: [String: String]) -> [String] {
    Set(left.keys).union(right.keys).sorted().compactMap { key in
        left[key] == right[key] ? nil : "\(key): \(left[key] ?? "missing") / \(right[key] ?? "missing")"
    }
}
