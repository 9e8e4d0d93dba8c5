internal import FileSystem

/// The name of an object in a store: components joined by `/`, such as `packs/4f/4f1c…`.
///
/// A component is one or more of `a`–`z`, `0`–`9`, `.`, `_`, `-`, but not `.` or `..`; a name has at most 512 bytes.
/// So a name is the same on every kind of store, and can never lead out of one. The first component `tmp` belongs to
/// the stores themselves.
package struct ObjectName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The whole name.
    package let path: String

    /// The greatest length of a name in bytes.
    package static let maximumByteCount = 512

    /// Checks a name; throws `StorageError` with the code `invalidName` otherwise.
    package init(_ path: String) throws(StorageError) {
        guard let name = ObjectName(validating: path) else {
            throw StorageError(.invalidName, "\"\(printable(Array(path.utf8)))\" is not the name of an object")
        }
        self = name
    }

    /// Checks a name; nil when it is not one.
    package init?(validating path: some StringProtocol) {
        guard path.utf8.count <= Self.maximumByteCount else { return nil }
        for component in path.utf8.split(separator: 0x2F, omittingEmptySubsequences: false) {
            guard !component.isEmpty, component.allSatisfy(isNameByte) else { return nil }
            if component.elementsEqual([0x2E]) || component.elementsEqual([0x2E, 0x2E]) { return nil }
        }
        let reserved = Self.reservedComponent
        if path == reserved || path.hasPrefix(reserved + "/") { return nil }
        self.path = String(path)
    }

    /// The parts between the slashes, at least one.
    package var components: [Substring] { path.split(separator: "/") }

    /// The name itself.
    package var description: String { path }

    /// Orders by the bytes of the names.
    package static func < (left: ObjectName, right: ObjectName) -> Bool { left.path < right.path }

    /// The first component that stores keep for themselves.
    static let reservedComponent = "tmp"
}

private func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: false
    }
}
