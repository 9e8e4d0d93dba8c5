/// Tells of each directory whether anything in it is new or changed, along with the manifest.
///
/// What was deleted shows in the modification time of the directory that it was in.
struct DirectoryChanges {
    /// Whether there is anything to compare with.
    private let hasPrevious: Bool
    private var open: [ItemChange] = []
    private(set) var tally = BackupTally()

    init(hasPrevious: Bool) { self.hasPrevious = hasPrevious }

    /// Enters a directory; of one that is only a parent of what is saved nothing is known.
    mutating func enter(_ change: ItemChange?) {
        let change = change ?? (hasPrevious ? .unmodified : .new)
        if change != .unmodified { note(change) }
        open.append(change)
    }

    /// Takes what an item of the innermost open directory is.
    mutating func note(_ change: ItemChange?) {
        if let change, change != .unmodified, open.last == .unmodified { open[open.count - 1] = .changed }
    }

    /// Leaves the innermost open directory.
    mutating func leave() {
        guard let change = open.popLast() else { return }
        switch change {
        case .new: tally.directoriesNew += 1
        case .changed: tally.directoriesChanged += 1
        case .unmodified: tally.directoriesUnmodified += 1
        }
        note(change)
    }
}
