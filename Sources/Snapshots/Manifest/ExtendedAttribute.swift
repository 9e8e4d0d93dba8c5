package import Cryptography

/// One extended attribute, with the namespace in its name: `user.comment`, `system.posix_acl_access`.
package struct ExtendedAttribute: Hashable, Sendable {
    /// The name, 1 to 255 bytes without NUL.
    package var name: [UInt8]
    /// The value, any bytes.
    package var value: [UInt8]

    /// Puts name and value together.
    package init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// The extended attributes of an entry, ascending by name.
package enum AttributeList: Hashable, Sendable {
    /// In the entry itself: at most 16 KiB in all, as a rule of the writer.
    case inline([ExtendedAttribute])
    /// In data chunks, in the form of ``ExtendedAttributeCoding``; the hash covers that form.
    case stored(hash: Digest, extents: [Extent], byteCount: UInt64)

    /// Whether there is none.
    package var isEmpty: Bool {
        if case .inline(let attributes) = self { attributes.isEmpty } else { false }
    }
}
