package import Records

/// A stretch of a file's content.
package enum Extent: Hashable, Sendable {
    /// Bytes of a data chunk, from an offset on.
    case chunk(ChunkID, offset: UInt64, length: UInt64)
    /// Zeros that take no room.
    case hole(length: UInt64)

    /// The number of bytes of content; above zero in a valid extent.
    package var length: UInt64 {
        switch self {
        case .chunk(_, offset: _, length: let length), .hole(length: let length): length
        }
    }

    /// Whether it is a hole.
    package var isHole: Bool {
        if case .hole = self { true } else { false }
    }
}

/// Where the content of a regular file is.
package enum Content: Hashable, Sendable {
    /// Nowhere: a file of no bytes, or another kind of entry.
    case none
    /// A list of at most 64 extents, in order, whose lengths add up to the size.
    case inline([Extent])
    /// A tree of extent pages, for longer lists.
    case tree(root: ChunkID, level: Int)
}
