/// The order of a manifest: paths component by component as raw bytes.
///
/// A directory stands before everything below it, its end after. The separator thus counts as lower than any other byte.
package enum PathOrder {
    /// The longest path, in bytes.
    package static let longestPath = 65_535
    /// The longest component of a path, in bytes.
    package static let longestComponent = 255

    /// What stands between components.
    static let separator = UInt8(ascii: "/")

    /// Below zero, zero or above, as the left path stands before, at or after the right one.
    package static func compare(_ left: [UInt8], _ right: [UInt8]) -> Int {
        compare(left, isEnd: false, right, isEnd: false)
    }

    /// Compares two entries, where a directory end stands after everything below its path.
    package static func compare(_ left: [UInt8], _ leftKind: EntryKind, _ right: [UInt8], _ rightKind: EntryKind) -> Int
    {
        compare(left, isEnd: leftKind == .directoryEnd, right, isEnd: rightKind == .directoryEnd)
    }

    /// Compares two places, each of an entry or of a directory end.
    static func compare(_ left: [UInt8], isEnd leftIsEnd: Bool, _ right: [UInt8], isEnd rightIsEnd: Bool) -> Int {
        let shared = sharedPrefix(left, right)
        if shared < left.count, shared < right.count {
            if left[shared] == separator { return -1 }
            if right[shared] == separator { return 1 }
            return left[shared] < right[shared] ? -1 : 1
        }
        if left.count == right.count {
            return leftIsEnd == rightIsEnd ? 0 : (leftIsEnd ? 1 : -1)
        }
        if left.count < right.count {
            return leftIsEnd && right[shared] == separator ? 1 : -1
        }
        return rightIsEnd && left[shared] == separator ? -1 : 1
    }

    /// The number of bytes that both paths begin with.
    static func sharedPrefix(_ left: [UInt8], _ right: [UInt8]) -> Int {
        let left = left.span
        let right = right.span
        let limit = min(left.count, right.count)
        var index = 0
        while index < limit, left[index] == right[index] { index += 1 }
        return index
    }

    /// Whether the path lies below the directory, or is the directory.
    package static func isPath(_ path: [UInt8], atOrBelow directory: [UInt8]) -> Bool {
        let shared = sharedPrefix(path, directory)
        return shared == directory.count
            && (path.count == shared || directory.isEmpty || path[shared] == separator)
    }

    /// Throws `.invalidPath` unless every component is 1 to 255 bytes, without NUL, and neither `.` nor `..`.
    package static func validate(_ path: [UInt8]) throws {
        guard path.count <= longestPath else {
            throw ManifestError(
                .invalidPath,
                "a path of \(path.count) bytes is longer than \(longestPath): \(printable(path))"
            )
        }
        var start = 0
        for index in 0...path.count where index == path.count || path[index] == separator {
            try validateComponent(path[start..<index], of: path)
            start = index + 1
        }
    }

    private static func validateComponent(_ component: ArraySlice<UInt8>, of path: [UInt8]) throws {
        guard !component.isEmpty, component.count <= longestComponent else {
            throw ManifestError(
                .invalidPath,
                "the path \(printable(path)) has a component of \(component.count) bytes instead of 1 to \(longestComponent)"
            )
        }
        guard !component.contains(0) else {
            throw ManifestError(.invalidPath, "the path \(printable(path)) contains a NUL byte")
        }
        guard !isDots(component) else {
            throw ManifestError(.invalidPath, "the path \(printable(path)) contains the component “.” or “..”")
        }
    }

    /// Whether a component is `.` or `..` (or empty, which is no component either).
    static func isDots(_ component: some RandomAccessCollection<UInt8>) -> Bool {
        component.count <= 2 && component.allSatisfy { $0 == UInt8(ascii: ".") }
    }

    /// The length of the parent's path: 0 for a path of one component.
    static func parentLength(_ path: [UInt8]) -> Int {
        path.lastIndex(of: separator) ?? 0
    }

    /// The number of components.
    static func depth(_ path: [UInt8]) -> Int {
        path.isEmpty ? 0 : path.reduce(1) { $1 == separator ? $0 + 1 : $0 }
    }
}
