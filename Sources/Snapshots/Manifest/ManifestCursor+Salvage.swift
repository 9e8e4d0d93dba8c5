import Records

/// What a cursor that salvages knows of what it has returned.
struct SalvageState {
    /// Ranges that are remembered: those of long ago are not asked for any more.
    private static let mostRanges = 1024

    /// What whoever reads wants.
    let salvage: ManifestSalvage
    /// The innermost directory that is open to whoever reads.
    var directory: [UInt8] = []
    /// The entry that was returned last.
    var last: Place?
    /// Whether the next entry may stand anywhere.
    var isAfterGap = false
    /// What was passed over last.
    private(set) var lost: [LostEntries] = []

    init(salvage: ManifestSalvage) { self.salvage = salvage }

    /// Nothing is returned yet, and what is asked for begins at a path.
    mutating func begin(at path: [UInt8]) {
        directory = Array(path[..<PathOrder.parentLength(path)])
        last = nil
        isAfterGap = true
    }

    mutating func note(_ entries: LostEntries) {
        if lost.count >= Self.mostRanges { lost.removeFirst(Self.mostRanges / 2) }
        lost.append(entries)
        salvage.report(entries)
    }
}

// Going on where a page is lost.
extension ManifestCursor {
    /// Whether the entry of a path may be among those that were passed over.
    package func mayHaveLost(_ path: [UInt8]) -> Bool { salvage?.lost.contains { $0.mayHold(path) } ?? false }

    /// Whether the error is about a page, and the cursor is to go on.
    func isSalvageable(_ error: any Error) -> Bool {
        salvage != nil && error.isDamage && (error as? ManifestError)?.code != .misuse
    }

    /// Goes on behind a page that could not be entered.
    func passOver(_ claims: PageClaims, _ error: any Error) throws {
        let isRead = salvage?.last.map { last in
            claims.first.map { PathOrder.compare($0.path, $0.kind, last.path, last.kind) <= 0 } ?? true
        }
        let first = isRead == true ? salvage?.last : claims.first.map { Place(path: $0.path, kind: $0.kind) }
        salvage?.note(
            LostEntries(
                page: claims.id,
                first: first,
                isAfterFirst: isRead == true,
                next: upcomingPlace,
                entries: claims.entries,
                contentBytes: claims.contentBytes,
                reason: error
            )
        )
        try jump()
    }

    /// Goes on behind a leaf that could not be read to its end.
    func abandonLeaf(_ error: any Error) throws {
        guard let leaf else { return try jump() }
        var claims = leaf.claims
        if leaf.isWhole {
            claims.entries = claims.entries.map { $0 > leaf.entries ? $0 - leaf.entries : 0 }
            claims.contentBytes = claims.contentBytes.map { $0 > leaf.contentBytes ? $0 - leaf.contentBytes : 0 }
            // Something is lost, whatever the page above says.
            if claims.entries == 0 { claims.entries = nil }
        }
        self.leaf = nil
        try passOver(claims, error)
    }

    /// Tells of an error that keeps nothing from being read.
    ///
    /// - Throws: the error, if the cursor does not salvage.
    func overlook(_ error: any Error) throws {
        guard isSalvageable(error), let state = salvage else { throw error }
        salvage?.note(
            LostEntries(
                page: leaf?.claims.id ?? rootID,
                first: state.last,
                isAfterFirst: true,
                next: upcomingPlace,
                entries: 0,
                contentBytes: 0,
                reason: error
            )
        )
    }

    /// The next entry; directories whose entry or end is lost are made up where that is wanted.
    func nextSalvaged() throws -> Entry? {
        while let item = try nextItem() {
            do {
                let entry = try inPage { try Entry(path: sequence.path, kind: item.kind, fields: item.fields) }
                if salvage?.isAfterGap == true {
                    try inPage { try requireAfterLast(entry) }
                    if let step = nextStep(to: entry) {
                        pending = item
                        return step
                    }
                    salvage?.isAfterGap = false
                }
                do {
                    try inPage { try account(for: entry, item) }
                } catch  where isSalvageable(error) {
                    // Sums are wrong, but the entry is as good as any.
                    try overlook(error)
                    leaf?.skip()
                    open.skipInnermost()
                }
                note(entry)
                return entry
            } catch  where isSalvageable(error) {
                try abandonLeaf(error)
            }
        }
        return salvage?.directory.isEmpty == false ? closeInnermost() : nil
    }

    /// Passes over what is below the directory that was returned last, made up or not.
    func skipSubtreeSalvaged() throws {
        guard let last = salvage?.last, last.kind == .directory else {
            throw ManifestError(.misuse, "only what is below the directory returned last can be passed over")
        }
        salvage?.isAfterGap = true
        if let item = pending {
            let isBelow =
                PathOrder.compare(sequence.path, isEnd: item.kind == .directoryEnd, last.path, isEnd: true) < 0
            guard isBelow else { return }
            pending = nil
            leaf?.skip()
        } else {
            open.skipInnermost()
        }
        try advance(to: last.path, isEnd: true)
        let isAtEnd = pending?.kind == .directoryEnd && sequence.path == last.path
        if !isAtEnd { isAfterJump = true }
    }

    private var upcomingPlace: Place? {
        let page = inner.last { $0.next != nil }?.next
        return page.map { Place(path: $0.firstPath, kind: $0.firstKind) }
    }

    private func jump() throws {
        sequence.jump()
        isAfterJump = true
        salvage?.isAfterGap = true
        _ = try leafChain?.finish()
    }

    private func note(_ entry: Entry) {
        salvage?.last = Place(path: entry.path, kind: entry.kind)
        guard salvage?.salvage.keepsNesting == true else { return }
        if entry.kind == .directory {
            salvage?.directory = entry.path
        } else if entry.kind == .directoryEnd {
            salvage?.directory = Array(entry.path[..<PathOrder.parentLength(entry.path)])
        }
    }

    private func requireAfterLast(_ entry: Entry) throws {
        guard let last = salvage?.last else { return }
        guard PathOrder.compare(last.path, last.kind, entry.path, entry.kind) < 0 else {
            throw ManifestError(
                .outOfOrder,
                "the entry \(printable(entry.path)) stands after \(printable(last.path))"
            )
        }
        let isBranch = last.kind == .directory || last.kind == .directoryEnd
        guard isBranch || !PathOrder.isPath(entry.path, atOrBelow: last.path) else {
            throw ManifestError(.nesting, "the parent of the entry \(printable(entry.path)) is no directory")
        }
    }

    /// What must be returned before the entry, so that it lies in the directory that is open.
    private func nextStep(to entry: Entry) -> Entry? {
        guard let state = salvage, state.salvage.keepsNesting else { return nil }
        let parent =
            entry.kind == .directoryEnd ? entry.path : Array(entry.path[..<PathOrder.parentLength(entry.path)])
        guard PathOrder.isPath(parent, atOrBelow: state.directory) else { return closeInnermost() }
        guard parent.count > state.directory.count else { return nil }
        let start = state.directory.isEmpty ? 0 : state.directory.count + 1
        let end = parent[start...].firstIndex(of: PathOrder.separator) ?? parent.count
        var directory = Entry(path: Array(parent[..<end]), kind: .directory)
        directory.permissions = 0o700
        directory.flags = .implied
        note(directory)
        return directory
    }

    private func closeInnermost() -> Entry {
        let end = Entry(path: salvage?.directory ?? [], kind: .directoryEnd)
        note(end)
        return end
    }
}
