/// A difference between two manifests at one path.
package enum ManifestChange: Hashable, Sendable {
    /// Only the newer manifest has the entry.
    case added(Entry)
    /// Only the older manifest has the entry.
    case removed(Entry)
    /// Both have an entry here, and they differ in the aspects named.
    case changed(old: Entry, new: Entry, ChangedAspects)

    /// The path of the entry.
    package var path: [UInt8] {
        switch self {
        case .added(let entry), .removed(let entry), .changed(old: _, new: let entry, _): entry.path
        }
    }
}

/// What differs between two entries of one path.
package struct ChangedAspects: OptionSet, Hashable, Sendable {
    /// One bit for each aspect.
    package var rawValue: UInt8

    /// Takes one bit for each aspect.
    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The kind of entry.
    package static let kind = ChangedAspects(rawValue: 1)
    /// The content of a file, the target of a link or the number of a device.
    package static let content = ChangedAspects(rawValue: 2)
    /// Permissions, owner, group, time or extended attributes.
    package static let metadata = ChangedAspects(rawValue: 4)
}

extension Entry {
    /// What differs between two entries, besides how they are stored, their hard-link groups and their flags.
    package func aspects(changedIn other: Entry) -> ChangedAspects {
        var aspects: ChangedAspects = []
        if kind != other.kind { aspects.insert(.kind) }
        if size != other.size || contentHash != other.contentHash || sparseHash != other.sparseHash
            || linkTarget != other.linkTarget
            || deviceMajor != other.deviceMajor || deviceMinor != other.deviceMinor
        {
            aspects.insert(.content)
        }
        if permissions != other.permissions || userID != other.userID || groupID != other.groupID
            || userName != other.userName || groupName != other.groupName
            || modifiedSeconds != other.modifiedSeconds || modifiedNanoseconds != other.modifiedNanoseconds
            || !attributes.isEqualContent(to: other.attributes)
        {
            aspects.insert(.metadata)
        }
        return aspects
    }
}

extension AttributeList {
    /// Whether the attributes are the same, wherever they are stored.
    fileprivate func isEqualContent(to other: AttributeList) -> Bool {
        switch (self, other) {
        case (.inline(let left), .inline(let right)): left == right
        case (.stored(let left, extents: _, byteCount: _), .stored(let right, extents: _, byteCount: _)): left == right
        default: false
        }
    }
}

/// Finds what differs between two manifests, in path order, and reads only the pages that differ.
///
/// Pages that begin with the same entry and have the same id, or the same digest and sums, are passed over on any level:
/// equal subtrees cost nothing, however their content is stored. What a cursor that salvages has passed over is unknown: it
/// is neither added nor removed. (The digests of directories are not needed for that, for
/// page boundaries depend on paths alone.) Entries below an added or removed directory are reported each.
package final class ManifestDiff {
    private let old: ManifestCursor
    private let new: ManifestCursor
    private var oldEntry: Entry?
    private var newEntry: Entry?
    private var isFinished = false

    /// Compares two manifests; both cursors stand at their start, and belong to the comparison from now on.
    package init(from old: ManifestCursor, to new: ManifestCursor) {
        self.old = old
        self.new = new
        isFinished = old.isSameManifest(as: new)
    }

    /// The next change, or nil after the last.
    package func next() throws -> ManifestChange? {
        while !isFinished {
            if oldEntry == nil, newEntry == nil { try skipEqualPages() }
            if oldEntry == nil { oldEntry = try old.next() }
            if newEntry == nil { newEntry = try new.next() }
            if let change = takeFirst() { return change }
        }
        return nil
    }

    /// Takes the entry that stands first, or both if they stand at one place; nil if that is no change.
    private func takeFirst() -> ManifestChange? {
        let order: Int
        switch (oldEntry, newEntry) {
        case (nil, nil):
            isFinished = true
            return nil
        case (_?, nil): order = -1
        case (nil, _?): order = 1
        case (let left?, let right?): order = PathOrder.compare(left.path, left.kind, right.path, right.kind)
        }
        let left = order <= 0 ? oldEntry : nil
        let right = order >= 0 ? newEntry : nil
        if order <= 0 { oldEntry = nil }
        if order >= 0 { newEntry = nil }
        switch (left, right) {
        case (let left?, nil):
            return left.kind == .directoryEnd || new.mayHaveLost(left.path) ? nil : .removed(left)
        case (nil, let right?):
            return right.kind == .directoryEnd || old.mayHaveLost(right.path) ? nil : .added(right)
        case (let left?, let right?):
            let aspects = left.aspects(changedIn: right)
            return left.kind == .directoryEnd || aspects.isEmpty ? nil : .changed(old: left, new: right, aspects)
        case (nil, nil): return nil
        }
    }

    private func skipEqualPages() throws {
        while let (left, leftLevel) = try old.upcomingPage(), let (right, rightLevel) = try new.upcomingPage() {
            guard left.firstKind == right.firstKind, left.firstPath == right.firstPath else { return }
            if leftLevel == rightLevel {
                let isEqual =
                    left.id == right.id
                    || (left.digest == right.digest && left.entries == right.entries
                        && left.contentBytes == right.contentBytes)
                if isEqual {
                    try old.skipUpcomingPage()
                    try new.skipUpcomingPage()
                    continue
                }
                if leftLevel == 0 { return }
            }
            if leftLevel >= rightLevel { try old.enterUpcomingPage() }
            if rightLevel >= leftLevel { try new.enterUpcomingPage() }
        }
    }
}
