/// Follows the paths of a manifest and refuses one that cannot stand next.
///
/// Keeps the last path alone: the innermost open directory is always the last path or its parent.
struct PathSequence {
    /// The path of the last entry; empty before the first.
    private(set) var path: [UInt8] = []
    /// The length of the path of the innermost open directory; 0 at the top.
    private(set) var openLength = 0
    /// The kind of the last entry.
    private(set) var kind: EntryKind?
    /// Whether nothing is known of what stands before, as after a jump to another page.
    private var isAfterJump = false

    /// The place of the last component in the path of an entry of the innermost open directory.
    var nameStart: Int { openLength == 0 ? 0 : openLength + 1 }

    /// Forgets all, as a page is entered from elsewhere than the page before it: the next entry may be any.
    mutating func jump() {
        self = PathSequence()
        isAfterJump = true
    }

    /// Goes to the entry that has the first `shared` bytes of the last path and then the rest.
    ///
    /// Throws `.invalidPath`, `.outOfOrder` or `.nesting`, and then has not changed.
    mutating func advance(shared: Int, rest: ArraySlice<UInt8>, kind next: EntryKind) throws {
        guard shared >= 0, shared <= path.count else {
            throw ManifestError(.malformed, "a path shares \(shared) bytes with one of \(path.count) bytes before it")
        }
        guard shared + rest.count <= PathOrder.longestPath else {
            throw ManifestError(
                .invalidPath,
                "a path of \(shared + rest.count) bytes is longer than \(PathOrder.longestPath): \(printable(path))"
            )
        }
        if isAfterJump {
            try land(Array(path[..<shared] + rest), next)
        } else if next == .directoryEnd {
            try closeDirectory(shared, rest)
        } else {
            guard isNextEntry(shared, rest) else { throw problem(of: Array(path[..<shared] + rest), next) }
            replacePath(shared, rest)
            if next == .directory { openLength = path.count }
            kind = next
        }
    }

    /// Whether the path names a child of the innermost open directory, after the last one.
    private func isNextEntry(_ shared: Int, _ rest: ArraySlice<UInt8>) -> Bool {
        let start = nameStart
        var position = rest.startIndex
        if shared < start {
            // The path must repeat the part of the open directory's path that it does not share, and the separator.
            position += start - shared
            guard position < rest.endIndex else { return false }
            for index in shared..<start {
                let expected = index == openLength ? PathOrder.separator : path[index]
                guard rest[rest.startIndex + index - shared] == expected else { return false }
            }
        }
        let length = shared + rest.count - start
        guard (1...PathOrder.longestComponent).contains(length) else { return false }
        for index in position..<rest.endIndex where rest[index] == PathOrder.separator || rest[index] == 0 {
            return false
        }
        // What is shared beyond the start belongs to the name of a sibling, and was checked there.
        let sharedName = max(shared - start, 0)
        if length <= 2, (path.dropFirst(start).prefix(sharedName) + rest[position...]).allSatisfy({ $0 == 0x2e }) {
            return false
        }
        guard kind != nil, kind != .directory else { return true }
        return path[(start + sharedName)...].lexicographicallyPrecedes(rest[position...])
    }

    private mutating func closeDirectory(_ shared: Int, _ rest: ArraySlice<UInt8>) throws {
        guard openLength > 0, shared + rest.count == openLength, rest == path[min(shared, openLength)..<openLength]
        else {
            throw problem(of: Array(path[..<shared] + rest), .directoryEnd)
        }
        path.removeSubrange(openLength...)
        openLength = PathOrder.parentLength(path)
        kind = .directoryEnd
    }

    private mutating func land(_ landing: [UInt8], _ next: EntryKind) throws {
        try PathOrder.validate(landing)
        path = landing
        openLength = next == .directory ? landing.count : PathOrder.parentLength(landing)
        kind = next
        isAfterJump = false
    }

    private mutating func replacePath(_ shared: Int, _ rest: ArraySlice<UInt8>) {
        path.removeSubrange(shared...)
        path.append(contentsOf: rest)
    }

    /// Says what is wrong with an entry that was refused.
    private func problem(of next: [UInt8], _ nextKind: EntryKind) -> ManifestError {
        do { try PathOrder.validate(next) } catch let error as ManifestError { return error } catch {}
        if nextKind == .directoryEnd {
            return ManifestError(
                .nesting,
                openLength == 0
                    ? "the directory \(printable(next)) ends without being open"
                    : "the directory \(printable(next)) ends where \(printable(path[..<openLength])) is open"
            )
        }
        if let kind, PathOrder.compare(path, kind, next, nextKind) >= 0 {
            let what = path == next ? "stands twice" : "stands after \(printable(path))"
            return ManifestError(.outOfOrder, "the entry \(printable(next)) \(what)")
        }
        return ManifestError(
            .nesting,
            "the parent of the entry \(printable(next)) is not the directory that is open there: "
                + (openLength == 0 ? "none is" : printable(path[..<openLength]))
        )
    }
}
