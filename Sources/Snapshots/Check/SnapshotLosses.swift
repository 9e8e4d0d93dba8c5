package import Records

/// What one snapshot has lost to damage.
package struct SnapshotLosses: Sendable {
    /// Paths that are told.
    private static let mostPaths = 1000
    /// Files that are told apart; above, some may count twice.
    private static let mostFiles = 200_000

    /// The snapshot.
    package var snapshot: ObjectHash
    /// Files that cannot be restored whole.
    package private(set) var files = 0
    /// Some of their paths, the first that were found.
    package private(set) var paths: [[UInt8]] = []
    /// Entries that are lost with the page that lists them, as far as their number is known.
    package private(set) var lostEntries: UInt64 = 0
    /// Bytes of content of the regular files among them.
    package private(set) var lostBytes: UInt64 = 0
    /// Where they stand, in words; some of them.
    package private(set) var lostPlaces: [String] = []
    private var seen: Set<Int> = []

    init(snapshot: ObjectHash) { self.snapshot = snapshot }

    mutating func add(_ path: [UInt8]) {
        if seen.count < Self.mostFiles {
            guard seen.insert(path.hashValue).inserted else { return }
        }
        files += 1
        if paths.count < Self.mostPaths { paths.append(path) }
    }

    mutating func add(_ lost: LostEntries) {
        lostEntries += lost.entries ?? 0
        lostBytes += lost.contentBytes ?? 0
        if lostPlaces.count < 100 { lostPlaces.append(lost.place) }
    }

    mutating func add(_ other: SnapshotLosses) {
        for path in other.paths { add(path) }
        files += other.files - other.paths.count
        lostEntries += other.lostEntries
        lostBytes += other.lostBytes
        lostPlaces += other.lostPlaces
    }
}
