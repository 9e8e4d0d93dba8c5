import FileSystem

/// One file, link or special file to be restored.
final class RestoreItem: Sendable {
    let entry: Entry
    /// What it is one inode with; nil for an entry of a single name.
    let inode: InodeKey?
    let name: [UInt8]
    /// The directory that it belongs in.
    let directory: Directory
    /// Told when the item is in place, or never will be.
    let parent: RestoredDirectory
    /// Where it is completed.
    let staging: StagingArea?
    /// What has its name now.
    let existing: FileStatus?
    /// Path below the target, for reports.
    let path: [UInt8]

    init(
        entry: Entry,
        path: [UInt8],
        directory: Directory,
        parent: RestoredDirectory,
        staging: StagingArea?,
        existing: FileStatus?
    ) throws {
        self.entry = entry
        inode = try InodeKey(entry)
        self.path = path
        name = Array(entry.name)
        self.directory = directory
        self.parent = parent
        self.staging = staging
        self.existing = existing
    }

    /// Beyond this many bytes of content a file is written by several threads at once.
    static let largeFile: UInt64 = 16 << 20

    /// Whether several threads write it.
    var isLarge: Bool { entry.kind == .regular && entry.size > RestoreItem.largeFile }
}

/// Consecutive items for one thread: mostly the files that one chunk holds.
struct RestoreUnit: Sendable {
    var items: [RestoreItem] = []
}

/// Collects consecutive items into units that begin where a new chunk begins.
struct RestoreUnitBuilder {
    private static let mostItems = 512
    private static let mostBytes: UInt64 = 4 << 20
    /// Below so many bytes and items a unit is too small to be ended by a new chunk.
    private static let fewBytes: UInt64 = 256 << 10
    private static let fewItems = 64

    /// How many directories the items of a unit may lie in: each is held open.
    private let mostDirectories: Int
    private var unit = RestoreUnit()
    private var byteCount: UInt64 = 0
    private var directoryCount = 0
    private var lastChunk: Extent?

    init(mostDirectories: Int) { self.mostDirectories = mostDirectories }

    /// Adds an item; returns the unit before it if that is complete.
    mutating func add(_ item: RestoreItem) -> RestoreUnit? {
        let chunk = item.entry.firstChunk
        let isOtherDirectory = unit.items.last?.parent !== item.parent
        let isFull =
            unit.items.count >= RestoreUnitBuilder.mostItems
            || byteCount + item.entry.size > RestoreUnitBuilder.mostBytes
            || (isOtherDirectory && directoryCount >= mostDirectories)
        let isCut =
            (unit.items.count >= RestoreUnitBuilder.fewItems || byteCount >= RestoreUnitBuilder.fewBytes)
            && chunk != nil && chunk != lastChunk
        let finished = isFull || isCut ? take() : nil
        if isOtherDirectory || unit.items.isEmpty { directoryCount += 1 }
        unit.items.append(item)
        byteCount += item.entry.size
        lastChunk = chunk ?? lastChunk
        return finished
    }

    /// Takes what has been collected; nil if that is nothing.
    mutating func take() -> RestoreUnit? {
        guard !unit.items.isEmpty else { return nil }
        defer {
            unit = RestoreUnit()
            byteCount = 0
            directoryCount = 0
            lastChunk = nil
        }
        return unit
    }
}

extension Entry {
    /// The chunk that the content begins in, without offset and length.
    fileprivate var firstChunk: Extent? {
        guard case .inline(let extents) = content, case .chunk(let id, _, _)? = extents.first else { return nil }
        return .chunk(id, offset: 0, length: 0)
    }
}
