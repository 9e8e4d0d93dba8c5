internal import CLinux
internal import Glibc

/// A named value attached to a file.
///
/// POSIX access control lists and file capabilities are such values too: `system.posix_acl_access`,
/// `system.posix_acl_default`, `security.capability`.
package struct ExtendedAttribute: Hashable, Sendable {
    /// The full name with its namespace, such as `user.comment`.
    package let name: [UInt8]
    /// The value, at most 64 KiB.
    package let value: [UInt8]

    /// Makes an attribute of its two parts.
    package init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// Linux allows 64 KiB for the list of names and for each value (`XATTR_LIST_MAX`, `XATTR_SIZE_MAX`).
private let largestValue = 65536

/// Reads all attributes of a name, or of the descriptor itself when the name is empty, sorted by attribute name.
func readExtendedAttributes(
    _ directory: Int32,
    _ file: Span<UInt8>
) throws(SystemError) -> [ExtendedAttribute] {
    let names = try unsafe readValue(file, "list extended attributes of") { file, buffer, count in
        unsafe clinux_list_attributes(directory, file.pointer, buffer, count)
    }
    guard let names, !names.isEmpty else { return [] }
    var attributes: [ExtendedAttribute] = []
    for name in names.split(separator: 0) {
        let value = try unsafe readValue(file, "read extended attribute of") { file, buffer, count in
            withCName(name.span) { attribute in
                unsafe clinux_get_attribute(directory, file.pointer, attribute.pointer, buffer, count)
            }
        }
        // An attribute that was removed since the names were listed is no longer the file's.
        if let value { attributes.append(ExtendedAttribute(name: Array(name), value: value)) }
    }
    attributes.sort { $0.name.lexicographicallyPrecedes($1.name) }
    return attributes
}

/// Sets an attribute of a name, or of the descriptor itself when the name is empty.
func writeExtendedAttribute(
    _ attribute: ExtendedAttribute,
    _ directory: Int32,
    _ file: Span<UInt8>
) throws(SystemError) {
    try requireAttributeName(attribute.name)
    let result = withCName(attribute.name.span) { name in
        withCName(file) { file in
            unsafe attribute.value.withUnsafeBytes { value in
                unsafe clinux_set_attribute(directory, file.pointer, name.pointer, value.baseAddress, value.count)
            }
        }
    }
    try checked(result, "set extended attribute \"\(printable(attribute.name))\" of", array(file))
}

/// Removes an attribute of a name, or of the descriptor itself when the name is empty.
func deleteExtendedAttribute(
    _ attribute: [UInt8],
    _ directory: Int32,
    _ file: Span<UInt8>
) throws(SystemError) {
    try requireAttributeName(attribute)
    let result = withCName(attribute.span) { name in
        withCName(file) { file in unsafe clinux_remove_attribute(directory, file.pointer, name.pointer) }
    }
    try checked(result, "remove extended attribute \"\(printable(attribute))\" of", array(file))
}

private func requireAttributeName(_ name: [UInt8]) throws(SystemError) {
    if name.isEmpty || name.contains(0) {
        throw SystemError(errno: EINVAL, operation: "use as the name of an extended attribute", path: name)
    }
}

/// Reads a value whose length is not known before: into the stack when it is short, otherwise into a buffer of the
/// greatest size there can be.
/// - Returns: the value, or nil when there is none or the file system has no extended attributes.
private func readValue(
    _ file: Span<UInt8>,
    _ operation: StaticString,
    _ call: (CName, UnsafeMutableRawPointer?, Int) -> Int
) throws(SystemError) -> [UInt8]? {
    var value: [UInt8] = []
    var result = withCName(file) { file in
        unsafe withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 1) { buffer in
            let count = unsafe call(file, buffer.baseAddress, buffer.count)
            if count > 0 { unsafe value.append(contentsOf: buffer[..<count]) }
            return count
        }
    }
    if result == -Int(ERANGE) {
        value = [UInt8](repeating: 0, count: largestValue)
        result = withCName(file) { file in
            unsafe value.withUnsafeMutableBytes { unsafe call(file, $0.baseAddress, $0.count) }
        }
        value.removeLast(value.count - max(result, 0))
    }
    if result == -Int(EOPNOTSUPP) || result == -Int(ENODATA) { return nil }
    try checked(result, "\(operation)", array(file))
    return value
}
