/// What an entry of a manifest is; the raw value is the byte in the page.
package enum EntryKind: UInt8, Hashable, Sendable, CaseIterable {
    /// A directory; what it holds follows, and then its end.
    case directory = 1
    /// The end of a directory, with counts and digest of what it held.
    case directoryEnd = 2
    /// A regular file.
    case regular = 3
    /// A symbolic link.
    case symbolicLink = 4
    /// A named pipe.
    case fifo = 5
    /// A Unix-domain socket.
    case socket = 6
    /// A character device.
    case characterDevice = 7
    /// A block device.
    case blockDevice = 8

    /// Whether it has device numbers.
    package var isDevice: Bool { self == .characterDevice || self == .blockDevice }
}

/// Remarks on an entry that are not part of its digest; bits that this version does not know are kept.
package struct EntryFlags: OptionSet, Hashable, Sendable {
    /// The bits as they stand in the entry.
    package var rawValue: UInt64

    /// Takes the bits as they stand in the entry.
    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// A parent of a saved path, that was not itself asked for.
    package static let implied = EntryFlags(rawValue: 1)
    /// The file changed while it was read.
    package static let changedWhileRead = EntryFlags(rawValue: 2)
}
