internal import Records
internal import Repository

extension Entry {
    /// The longest link target, in bytes.
    package static let longestLinkTarget = 65_535
    /// The most extents that stand in the entry itself.
    package static let mostInlineExtents = 64

    /// Throws `.invalidEntry` unless every field is in range, allowed in this kind, and agrees with the others.
    ///
    /// The path is not looked at: ``PathOrder/validate(_:)`` does that.
    package func validate() throws {
        if kind == .directoryEnd {
            try validateDirectoryEnd()
        } else {
            try validateMetadata()
        }
        if kind == .regular {
            try validateContent()
        } else {
            try require(
                size == 0 && contentHash == nil && sparseHash == nil && content == .none,
                "has content, which only a regular file may have"
            )
        }
        if kind == .symbolicLink {
            try require(
                !linkTarget.isEmpty && linkTarget.count <= Self.longestLinkTarget && !linkTarget.contains(0),
                "has a link target that is empty, contains NUL or is longer than \(Self.longestLinkTarget) bytes"
            )
        } else {
            try require(linkTarget.isEmpty, "has a link target, which only a symbolic link may have")
        }
        if !kind.isDevice {
            try require(deviceMajor == 0 && deviceMinor == 0, "has a device number, which only a device may have")
        }
        if !preservedFields.isEmpty { try validatePreservedFields() }
    }

    private func validateMetadata() throws {
        try require(permissions <= 0o7777, "has permissions \(permissions) above 0o7777")
        try require(modifiedNanoseconds < 1_000_000_000, "has \(modifiedNanoseconds) ns in its time")
        try require(
            entryCount == 0 && contentBytes == 0 && subtreeDigest == nil,
            "has the counts or the digest of a directory end"
        )
        try require(kind != .directory || hardLinkGroup == 0, "is a directory in a hard-link group")
        switch attributes {
        case .inline(let list):
            if !list.isEmpty { try ExtendedAttributeCoding.validate(list, of: self) }
        case .stored(hash: _, let extents, let byteCount):
            try require(
                byteCount > 0 && byteCount <= ExtendedAttributeCoding.longestContent,
                "has extended attributes of \(byteCount) bytes instead of 1 to \(ExtendedAttributeCoding.longestContent)"
            )
            try validate(extents, total: byteCount, what: "extended attributes")
            try require(!extents.contains(where: \.isHole), "has extended attributes with holes")
        }
    }

    private func validateContent() throws {
        guard size > 0 else {
            return try require(
                contentHash == nil && sparseHash == nil && content == .none,
                "is a file of no bytes that has content"
            )
        }
        try require(size <= UInt64(Int64.max), "has a size of \(size), beyond that of any file")
        try require((contentHash == nil) != (sparseHash == nil), "must have exactly one hash of its content")
        switch content {
        case .none:
            throw invalid("has \(size) bytes but no extents")
        case .inline(let extents):
            try require(
                extents.count <= Self.mostInlineExtents,
                "has \(extents.count) extents, more than \(Self.mostInlineExtents), outside of a tree"
            )
            try validate(extents, total: size, what: "extents")
            try require(
                extents.contains(where: \.isHole) == (sparseHash != nil),
                "has holes and the hash of a file without, or the reverse"
            )
        case .tree(root: _, let level):
            try require((0...ExtentPage.highestLevel).contains(level), "has an extent tree of level \(level)")
        }
    }

    private func validateDirectoryEnd() throws {
        let blank = Entry(path: path, kind: kind)
        var rest = self
        rest.entryCount = 0
        rest.contentBytes = 0
        rest.subtreeDigest = nil
        rest.preservedFields = UnknownFields()
        try require(rest == blank, "is a directory end with fields of other kinds")
        try require(subtreeDigest != nil, "is a directory end without a digest")
    }

    /// Fields kept from another kind of record could have tags that mean something here.
    private func validatePreservedFields() throws {
        for tag in preservedFields.tags where !tag.isMultiple(of: 2) || EntryTag.isInterpreted(tag) {
            throw invalid("keeps field \(tag), which is not an unknown optional one")
        }
    }

    private func validate(_ extents: [Extent], total: UInt64, what: String) throws {
        var sum: UInt64 = 0
        for extent in extents {
            try extent.validate()
            sum = try checkedSum(sum, extent.length, "the length of the \(what) of \(printable(path))")
        }
        try require(sum == total, "has \(what) of \(sum) bytes in all instead of \(total)")
    }

    @inline(__always)
    private func require(_ condition: Bool, _ problem: @autoclosure () -> String) throws {
        if !condition { throw invalid(problem()) }
    }

    /// An error that names the entry.
    func invalid(_ problem: String) -> ManifestError {
        ManifestError(.invalidEntry, "the entry \(printable(path)) \(problem)")
    }
}

extension Extent {
    private static let longestChunk = UInt64(FormatBounds.plainChunk)

    /// Throws `.invalidEntry` for a length of zero, or a stretch that no chunk can hold.
    func validate() throws {
        guard length > 0 else { throw ManifestError(.invalidEntry, "an extent has no length") }
        if case .chunk(let id, let offset, let length) = self {
            guard length <= Self.longestChunk, offset <= Self.longestChunk - length else {
                throw ManifestError(
                    .invalidEntry,
                    "an extent of \(length) bytes at \(offset) is beyond the \(Self.longestChunk) bytes of chunk \(id)"
                )
            }
        }
    }
}
