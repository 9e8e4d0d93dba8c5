internal import CLinux

extension Descriptor {
    /// Sets the time of last change, and of last access if given.
    package func setTimes(modified: Timestamp, accessed: Timestamp? = nil) throws(SystemError) {
        try checked(
            unsafe clinux_set_times(
                rawValue,
                "",
                modified.seconds,
                modified.nanoseconds,
                accessed == nil ? 0 : 1,
                accessed?.seconds ?? 0,
                accessed?.nanoseconds ?? 0
            ),
            "set times of file"
        )
    }

    /// Sets the permission bits, 0…0o7777.
    package func setPermissions(_ permissions: UInt16) throws(SystemError) {
        try checked(unsafe clinux_set_permissions(rawValue, "", UInt32(permissions)), "set permissions of file")
    }

    /// Sets owner and group; nil leaves one as it is.
    ///
    /// The kernel then clears the set-id bits of a program.
    package func setOwner(userID: UInt32?, groupID: UInt32?) throws(SystemError) {
        try checked(
            unsafe clinux_set_owner(rawValue, "", userID ?? .max, groupID ?? .max),
            "set owner of file"
        )
    }

    /// The extended attributes that this process may see, sorted by name; none where there is no support for them.
    package func extendedAttributes() throws(SystemError) -> [ExtendedAttribute] {
        try readExtendedAttributes(rawValue, Span<UInt8>())
    }

    /// Sets one extended attribute, replacing its value if it exists.
    package func setExtendedAttribute(_ attribute: ExtendedAttribute) throws(SystemError) {
        try writeExtendedAttribute(attribute, rawValue, Span<UInt8>())
    }

    /// Removes one extended attribute.
    package func removeExtendedAttribute(named attribute: [UInt8]) throws(SystemError) {
        try deleteExtendedAttribute(attribute, rawValue, Span<UInt8>())
    }
}
