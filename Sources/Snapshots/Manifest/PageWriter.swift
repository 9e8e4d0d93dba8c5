internal import Cryptography
internal import Records
internal import Repository

/// Collects the items of one page: entries at level 0, children above.
///
/// The owner asks ``isFull`` before each item and closes the page first, so that the last page of a level stays open
/// until it is known whether it is the root.
final class PageWriter {
    /// The level of its pages; 0 for leaves.
    let level: Int
    /// The number of pages closed so far.
    private(set) var closedPages = 0
    /// Whether the page ends before the next item.
    private(set) var isFull = false

    private var body: [UInt8] = []
    private var itemCount = 0
    private var firstPath: [UInt8] = []
    private var firstKind = EntryKind.directory
    private var lastPath: [UInt8] = []
    private var lastMark: UInt64 = 0
    private var entries: UInt64 = 0
    private var contentBytes: UInt64 = 0
    private let chain: DigestChain

    /// Starts an empty page of a level.
    init(level: Int) throws {
        self.level = level
        chain = try DigestChain()
        body.reserveCapacity(level == 0 ? PageBoundary.longestLeaf : 0)
    }

    /// Adds an entry; `shared` is what its path has in common with the one added before, in this page or the last.
    func append(entry path: [UInt8], kind: EntryKind, shared: Int, fields: [UInt8], _ tally: EntryTally) throws {
        beginItem(path, kind, shared: shared)
        Varint.append(UInt64(fields.count), to: &body)
        body.append(contentsOf: fields)
        try endItem(tally.entries, tally.contentBytes, tally.digest, mark: tally.mark)
    }

    /// Adds a child page and the mark of its last entry.
    func append(child: PageSummary, mark: UInt64) throws {
        let shared = PathOrder.sharedPrefix(lastPath, child.firstPath)
        beginItem(child.firstPath, child.firstKind, shared: shared)
        lastPath = child.firstPath
        body.appendDigest(child.id)
        Varint.append(child.entries, to: &body)
        Varint.append(child.contentBytes, to: &body)
        body.appendDigest(child.digest)
        // No fields yet.
        body.append(0)
        try endItem(child.entries, child.contentBytes, child.digest, mark: mark)
    }

    private func beginItem(_ path: [UInt8], _ kind: EntryKind, shared: Int) {
        let shared = itemCount == 0 ? 0 : shared
        if itemCount == 0 {
            firstPath = path
            firstKind = kind
        }
        Varint.append(UInt64(shared), to: &body)
        Varint.append(UInt64(path.count - shared), to: &body)
        body.append(contentsOf: path[shared...])
        body.append(kind.rawValue)
        itemCount += 1
    }

    private func endItem(_ entries: UInt64, _ contentBytes: UInt64, _ digest: Digest, mark: UInt64) throws {
        // The builder has checked the sums of the whole manifest, which are no less.
        self.entries &+= entries
        self.contentBytes &+= contentBytes
        try chain.add(digest)
        lastMark = mark
        let mostItems = level == 0 ? PageBoundary.mostLeafEntries : PageBoundary.mostChildren
        isFull = PageBoundary.ends(level: level, after: mark) || itemCount >= mostItems
        if level == 0 {
            let length = 2 + Varint.byteCount(of: UInt64(itemCount)) + body.count
            isFull = isFull || length >= PageBoundary.longestLeaf
        }
    }

    /// Stores the page and starts the next; returns what the parent says of it, and the mark of its last entry.
    func close(into sink: any ChunkSink) throws -> (PageSummary, mark: UInt64) {
        var page: [UInt8] = []
        page.reserveCapacity(12 + body.count)
        page.append(1)
        page.append(UInt8(level))
        Varint.append(UInt64(itemCount), to: &page)
        page.append(contentsOf: body)
        let summary = PageSummary(
            firstPath: firstPath,
            firstKind: firstKind,
            id: try sink.store(page, type: .manifestPage),
            entries: entries,
            contentBytes: contentBytes,
            digest: try chain.finish()
        )
        closedPages += 1
        isFull = false
        body.removeAll(keepingCapacity: true)
        itemCount = 0
        entries = 0
        contentBytes = 0
        lastPath = []
        return (summary, lastMark)
    }
}

/// What an entry adds to the sums and the digest of its page.
struct EntryTally {
    /// 1, or 0 for a directory end.
    var entries: UInt64
    /// The size of a regular file.
    var contentBytes: UInt64
    /// E, or D for a directory end.
    var digest: Digest
    /// The number that decides whether a page ends here.
    var mark: UInt64
}
