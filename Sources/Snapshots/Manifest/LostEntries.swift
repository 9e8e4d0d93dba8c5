package import Records

/// Entries of a manifest that cannot be read, because the page that lists them is lost.
///
/// What they are is unknown; where they stand, and how many the page above says there are, is not.
package struct LostEntries: Error, Sendable, CustomStringConvertible {
    /// The page that is lost, or contradicts itself.
    package var page: ChunkID
    /// Where they begin.
    let first: Place?
    /// Whether the entry at `first` was read: what is lost stands behind it.
    let isAfterFirst: Bool
    /// Where the next entry stands that can be read; nil if nothing follows.
    let next: Place?
    /// How many there are, without directory ends, as the page above says; 0 if the page was read and is only wrong.
    package var entries: UInt64?
    /// The sizes of their regular files, added up.
    package var contentBytes: UInt64?
    /// Why they cannot be read.
    package var reason: any Error

    /// The path of the first of them, or of the last entry before them; nil if nothing is known.
    package var firstPath: [UInt8]? { first?.path }
    /// The path of the next entry that can be read; nil if nothing follows.
    package var nextPath: [UInt8]? { next?.path }

    /// Whether an entry of this path may be among them.
    package func mayHold(_ path: [UInt8]) -> Bool {
        if entries == 0 { return false }
        if let next, PathOrder.compare(path, isEnd: false, next.path, isEnd: next.kind == .directoryEnd) >= 0 {
            return false
        }
        guard let first else { return true }
        return PathOrder.compare(path, isEnd: false, first.path, isEnd: first.kind == .directoryEnd)
            >= (isAfterFirst ? 1 : 0)
    }

    /// Where they stand and how many they are, in words.
    package var place: String {
        var text = entries.map { $0 == 0 ? "the entries" : "\($0) entries" } ?? "an unknown number of entries"
        if let contentBytes, entries != 0 { text += " with \(contentBytes) bytes of content" }
        if let first { text += (isAfterFirst ? " after " : " from ") + printable(first.path) }
        text += next.map { " to before " + printable($0.path) } ?? " to the end of the snapshot"
        return text
    }

    package var description: String {
        entries == 0
            ? "manifest page \(page) contradicts itself: \(reason)"
            : "\(place) are lost: manifest page \(page) cannot be read (\(reason))"
    }
}

/// How a cursor goes on where a page is lost: it passes over what the page lists.
package struct ManifestSalvage {
    /// Whether directories whose entry or end is lost are made up, so that entries nest in any case.
    ///
    /// A made-up directory is *implied*, with permissions for its owner alone.
    package var keepsNesting: Bool
    /// Told of what is passed over, at the place where it would stand.
    package var report: (LostEntries) -> Void

    /// Puts both together.
    package init(keepsNesting: Bool = true, report: @escaping (LostEntries) -> Void = { _ in }) {
        self.keepsNesting = keepsNesting
        self.report = report
    }
}
