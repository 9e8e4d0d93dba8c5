import Cryptography

/// Compares the entries of each hard-link group of a snapshot, which must be equal (format.md §12.1), also those of pages
/// that other snapshots share and that are not read again.
///
/// Memory is one digest for each group of a snapshot, and one for each of their entries on pages that are remembered.
struct InodeAgreement {
    /// An entry of a group.
    struct Member {
        var group: UInt64
        /// What it must have in common with the others.
        var digest: Digest
    }

    private var digests: [UInt64: Digest] = [:]
    /// The entries met since `beginPage`.
    private(set) var onPage: [Member] = []
    /// All entries met.
    private(set) var count = 0

    /// Forgets the groups of the snapshot before.
    mutating func beginSnapshot() { digests.removeAll(keepingCapacity: true) }

    /// Begins to collect the entries of a page.
    mutating func beginPage() { onPage.removeAll(keepingCapacity: true) }

    /// Takes an entry.
    ///
    /// - Returns: whether it is in no group, or equals those of its group that were met before.
    mutating func add(_ entry: Entry) throws -> Bool {
        guard let key = try InodeKey(entry) else { return true }
        let member = Member(group: key.group, digest: key.digest)
        onPage.append(member)
        return add(member)
    }

    /// Takes the entries of a page that was read for another snapshot.
    ///
    /// - Returns: whether all of them equal those of their groups that were met before.
    mutating func add(_ members: [Member]) -> Bool {
        var agrees = true
        for member in members where !add(member) { agrees = false }
        return agrees
    }

    private mutating func add(_ member: Member) -> Bool {
        count += 1
        guard let known = digests[member.group] else {
            digests[member.group] = member.digest
            return true
        }
        return known == member.digest
    }
}
