internal import Repository

/// What the parent of a snapshot must have in common with it.
package struct ParentGrouping: OptionSet, Sendable, Hashable {
    /// The bits.
    package let rawValue: UInt8

    /// Makes a set of its bits.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The name of the dataset.
    package static let dataset = ParentGrouping(rawValue: 1)
    /// The host's name.
    package static let host = ParentGrouping(rawValue: 2)
    /// The paths that were saved.
    package static let paths = ParentGrouping(rawValue: 4)
    /// The tags, in whatever order.
    package static let tags = ParentGrouping(rawValue: 8)
}

extension BackupRequest {
    /// The paths as the snapshot records them, sorted.
    var recordedPaths: [[UInt8]] {
        switch source {
        case .files(let paths): paths.sorted { $0.lexicographicallyPrecedes($1) }
        case .stream(let name, _, _): [[UInt8(ascii: "/")] + name]
        }
    }

    /// Whether a snapshot has all that the grouping asks for in common with the one to be made.
    func agrees(with details: CommitDetails, in grouping: ParentGrouping) -> Bool {
        if grouping.contains(.dataset), details.dataset != dataset { return false }
        if grouping.contains(.host), details.host != host { return false }
        if grouping.contains(.paths), details.paths != recordedPaths { return false }
        return !grouping.contains(.tags) || Set(details.tags) == Set(tags)
    }
}
