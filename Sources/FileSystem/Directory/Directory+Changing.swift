internal import CLinux
internal import Glibc

/// What renaming does when the new name exists.
package enum RenameMode: Sendable {
    /// It takes the place of what is there.
    case replacing
    /// It fails with "exists already"; a file system that cannot promise this reports an invalid value.
    case withoutReplacing
    /// The two change places.
    case exchanging

    // The flags of renameat2(2), which linux/fs.h defines as unsigned numbers.
    var flags: UInt32 {
        switch self {
        case .replacing: 0
        case .withoutReplacing: 1
        case .exchanging: 2
        }
    }
}

extension Directory {
    /// Moves an entry to a new name, here or in another directory of the same file system.
    package func rename(
        _ name: [UInt8],
        to destination: Directory,
        as newName: [UInt8],
        _ mode: RenameMode = .replacing
    ) throws(SystemError) {
        try requireName(newName.span, "rename to")
        try callNaming(name.span, "rename") { name in
            withCName(newName.span) {
                unsafe clinux_rename(number, name.pointer, destination.number, $0.pointer, mode.flags)
            }
        }
    }

    /// Removes an entry that is not a directory.
    package func unlink(_ name: [UInt8]) throws(SystemError) {
        try callNaming(name.span, "remove") { unsafe clinux_unlink(number, $0.pointer, 0) }
    }

    /// Removes an empty directory.
    package func removeDirectory(_ name: [UInt8]) throws(SystemError) {
        try callNaming(name.span, "remove directory") { unsafe clinux_unlink(number, $0.pointer, AT_REMOVEDIR) }
    }

    /// Sets an entry's time of last change, and of last access if given; those of a link are its own.
    package func setTimes(
        _ name: [UInt8],
        modified: Timestamp,
        accessed: Timestamp? = nil
    ) throws(SystemError) {
        try callNaming(name.span, "set times of") {
            unsafe clinux_set_times(
                number,
                $0.pointer,
                modified.seconds,
                modified.nanoseconds,
                accessed == nil ? 0 : 1,
                accessed?.seconds ?? 0,
                accessed?.nanoseconds ?? 0
            )
        }
    }

    /// Sets an entry's permission bits, 0…0o7777; a link, which has none of its own, is refused as unsupported.
    package func setPermissions(_ name: [UInt8], _ permissions: UInt16) throws(SystemError) {
        try callNaming(name.span, "set permissions of") {
            unsafe clinux_set_permissions(number, $0.pointer, UInt32(permissions))
        }
    }

    /// Sets an entry's owner and group, of a link its own; nil leaves one as it is.
    package func setOwner(
        _ name: [UInt8],
        userID: UInt32?,
        groupID: UInt32?
    ) throws(SystemError) {
        try callNaming(name.span, "set owner of") {
            unsafe clinux_set_owner(number, $0.pointer, userID ?? .max, groupID ?? .max)
        }
    }

    /// An entry's extended attributes, of a link its own, sorted by name; none where there is no support for them.
    package func extendedAttributes(_ name: Span<UInt8>) throws(SystemError) -> [ExtendedAttribute] {
        try requireName(name, "list extended attributes of")
        return try readExtendedAttributes(number, name)
    }

    /// An entry's extended attributes, of a link its own, sorted by name; none where there is no support for them.
    package func extendedAttributes(_ name: [UInt8]) throws(SystemError) -> [ExtendedAttribute] {
        try extendedAttributes(name.span)
    }

    /// Sets one extended attribute of an entry, of a link its own, replacing its value if it exists.
    package func setExtendedAttribute(
        _ name: [UInt8],
        _ attribute: ExtendedAttribute
    ) throws(SystemError) {
        try requireName(name.span, "set extended attribute of")
        try writeExtendedAttribute(attribute, number, name.span)
    }

    /// Removes one extended attribute of an entry, of a link its own.
    package func removeExtendedAttribute(
        _ name: [UInt8],
        named attribute: [UInt8]
    ) throws(SystemError) {
        try requireName(name.span, "remove extended attribute of")
        try deleteExtendedAttribute(attribute, number, name.span)
    }
}
