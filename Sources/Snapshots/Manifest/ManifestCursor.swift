package import Cryptography
package import Records
internal import Repository

/// Reads the entries of a manifest in order, and believes none of it before it is checked.
///
/// Checked are the form of pages and entries, the order and nesting of paths, levels, and counts and sums against what
/// refers to them; with `verifyDigests` also all digests. What was passed over is not checked, and what depends on it is
/// not either. Memory is one page per level and the counts of each open directory. After an error the cursor is of no
/// more use, unless it salvages: then it passes over what a damaged page lists, and goes on. Errors are
/// ``ManifestError``s, or what the source throws.
package final class ManifestCursor {
    let source: any ChunkSource
    private let rootClaims: PageClaims
    private let rootPage: [UInt8]
    /// The inner pages on the way to the leaf, the root first.
    var inner: [InnerPage] = []
    var leaf: LeafPage?
    var sequence = PathSequence()
    var open: OpenDirectories
    /// An item that was looked at and is to be returned next; the sequence is at it.
    var pending: LeafItem?
    /// Whether the directories that are open at the next entry are known by its path alone.
    var isAfterJump = false
    private var digester: EntryDigester
    /// The digest of the leaf so far; nil if digests are not verified.
    let leafChain: DigestChain?
    /// What is needed to go on behind a damaged page; nil if damage is an error.
    var salvage: SalvageState?

    /// Starts before the first entry of a manifest whose sums and digest are known; loads the root page.
    package convenience init(root: ManifestRoot, source: any ChunkSource, verifyDigests: Bool = false) throws {
        try self.init(PageClaims(root: root), source, verifyDigests)
    }

    /// Starts before the first entry of the manifest of a commit; loads the root page, which must be whole.
    package convenience init(
        page: PageReference,
        digest: Digest?,
        source: any ChunkSource,
        verifyDigests: Bool = false,
        salvage: ManifestSalvage? = nil
    ) throws {
        let level = Int(clamping: page.level)
        try self.init(PageClaims(id: page.chunk, level: level, digest: digest), source, verifyDigests, salvage)
    }

    private init(
        _ claims: PageClaims,
        _ source: any ChunkSource,
        _ verifyDigests: Bool,
        _ salvage: ManifestSalvage? = nil
    ) throws {
        guard (0...PageBoundary.highestLevel).contains(claims.level) else {
            throw ManifestError(
                .levelMismatch,
                "the root page \(claims.id) is of level \(claims.level) instead of 0 to \(PageBoundary.highestLevel)"
            )
        }
        self.source = source
        self.salvage = salvage.map { SalvageState(salvage: $0) }
        rootClaims = claims
        open = OpenDirectories(digests: verifyDigests)
        digester = try EntryDigester()
        leafChain = verifyDigests ? try DigestChain() : nil
        rootPage = try source.load(claims.id, type: .manifestPage)
        try restart()
    }

    /// The root page.
    var rootID: ChunkID { rootClaims.id }

    /// Whether both read one root page.
    func isSameManifest(as other: ManifestCursor) -> Bool { rootClaims.id == other.rootClaims.id }

    /// The next entry, or nil after the last.
    package func next() throws -> Entry? {
        if salvage != nil { return try nextSalvaged() }
        guard let item = try nextItem() else { return nil }
        return try inPage {
            let entry = try Entry(path: sequence.path, kind: item.kind, fields: item.fields)
            try account(for: entry, item)
            return entry
        }
    }

    /// Goes to the first entry that is not before the path, forwards or backwards; ``next()`` returns it.
    package func seek(to path: [UInt8]) throws {
        try restart()
        sequence.jump()
        isAfterJump = true
        salvage?.begin(at: path)
        try advance(to: path, isEnd: false)
    }

    /// Passes over what is below the directory that ``next()`` has just returned; its end comes next.
    ///
    /// Pages that lie below the directory as a whole are not loaded. What the end says of the directory is believed.
    package func skipSubtree() throws {
        if salvage != nil { return try skipSubtreeSalvaged() }
        guard pending == nil, sequence.kind == .directory else {
            throw ManifestError(.misuse, "only what is below the directory returned last can be passed over")
        }
        let directory = sequence.path
        open.skipInnermost()
        try advance(to: directory, isEnd: true)
        guard let pending, pending.kind == .directoryEnd, sequence.path == directory else {
            throw ManifestError(.nesting, "the directory \(printable(directory)) has no end where it must stand")
        }
    }

    func nextItem() throws -> LeafItem? {
        if let item = pending {
            pending = nil
            return item
        }
        while true {
            if let item = try nextInLeaf() { return item }
            try finishLeaf()
            guard try enterNextLeaf() else { break }
        }
        guard sequence.openLength == 0 else {
            let open = sequence.path[..<sequence.openLength]
            try overlook(
                ManifestError(.nesting, "the directory \(printable(open)) has no end before the manifest's")
            )
            sequence.jump()
            return nil
        }
        return nil
    }

    private func nextInLeaf() throws -> LeafItem? {
        do {
            return try inPage {
                guard let item = try leaf?.next() else { return nil }
                try sequence.advance(shared: item.shared, rest: item.rest, kind: item.kind)
                return item
            }
        } catch  where isSalvageable(error) {
            try abandonLeaf(error)
            return nil
        }
    }

    func account(for entry: Entry, _ item: LeafItem) throws {
        if isAfterJump {
            isAfterJump = false
            try open.jump(toDepth: PathOrder.depth(entry.path) - (entry.kind == .directoryEnd ? 0 : 1))
        }
        if entry.kind == .directoryEnd { return try accountForEnd(entry) }
        try leaf?.count(entries: 1, contentBytes: entry.size)
        try open.count(entries: 1, contentBytes: entry.size)
        if let leafChain {
            let digest = try digester.digest(entry.kind, name: entry.name, fields: item.fields)
            try leafChain.add(digest)
            try open.add(digest)
        }
        if entry.kind == .directory { try open.push() }
    }

    private func accountForEnd(_ end: Entry) throws {
        guard let sums = open.pop(), let claimed = end.subtreeDigest else {
            throw ManifestError(.nesting, "the directory \(printable(end.path)) ends without being open")
        }
        if !sums.isPartial {
            guard sums.entries == end.entryCount, sums.contentBytes == end.contentBytes else {
                throw ManifestError(
                    .countMismatch,
                    "the directory \(printable(end.path)) holds \(sums.entries) entries with \(sums.contentBytes) bytes "
                        + "of content, and its end says \(end.entryCount) with \(end.contentBytes)"
                )
            }
            guard try sums.digest() ?? claimed == claimed else {
                throw ManifestError(.digestMismatch, "the digest of the directory \(printable(end.path)) is wrong")
            }
        }
        try open.count(entries: end.entryCount, contentBytes: end.contentBytes)
        try leafChain?.add(claimed)
        try open.add(claimed)
    }
}

// Moving between pages.
extension ManifestCursor {
    /// The largest page that has not been entered and begins here; nil inside of a leaf and at the end.
    func upcomingPage() throws -> (page: PageSummary, level: Int)? {
        guard pending == nil, leaf?.isAtEnd ?? true else { return nil }
        try finishLeaf()
        while let parent = inner.last {
            if let next = parent.next { return (next, parent.level - 1) }
            inner.removeLast()
        }
        return nil
    }

    /// Enters the upcoming page.
    func enterUpcomingPage() throws {
        guard let parent = inner.last, let child = try parent.takeNext() else { return }
        try enter(PageClaims(child: child, level: parent.level - 1))
    }

    /// Passes over the upcoming page without loading it.
    func skipUpcomingPage() throws {
        _ = try inner.last?.takeNext()
        sequence.jump()
        isAfterJump = true
    }

    private func restart() throws {
        inner = []
        leaf = nil
        pending = nil
        sequence = PathSequence()
        isAfterJump = false
        try open.jump(toDepth: 0)
        _ = try leafChain?.finish()
        try enter(rootClaims, rootPage)
    }

    private func enter(_ claims: PageClaims) throws {
        do {
            try enter(claims, try source.load(claims.id, type: .manifestPage))
        } catch  where isSalvageable(error) {
            try passOver(claims, error)
        }
    }

    private func enter(_ claims: PageClaims, _ page: [UInt8]) throws {
        try inPage(claims.id) {
            if claims.level == 0 {
                leaf = try LeafPage(page, claims: claims)
            } else {
                inner.append(try InnerPage(page, claims: claims))
            }
        }
    }

    private func enterNextLeaf() throws -> Bool {
        while try upcomingPage() != nil {
            try enterUpcomingPage()
            if leaf != nil { return true }
        }
        return false
    }

    /// Checks the sums and the digest of the leaf, if there is one, and leaves it.
    private func finishLeaf() throws {
        guard let finished = leaf else { return }
        do {
            try inPage {
                let digest = try leafChain?.finish()
                try finished.requireSums()
                if let digest, finished.isWhole { try finished.claims.requireDigest(digest) }
            }
        } catch  where isSalvageable(error) {
            // All of its entries were read.
            try overlook(error)
        }
        leaf = nil
    }

    /// Goes forward to the first entry that is not before the target, if it is in the leaf where it would be.
    ///
    /// Otherwise nothing is pending, and what is next is the next leaf, which begins after the target.
    func advance(to target: [UInt8], isEnd: Bool) throws {
        func isReached(by page: PageSummary?) -> Bool {
            guard let page else { return false }
            let pageIsEnd = page.firstKind == .directoryEnd
            return PathOrder.compare(page.firstPath, isEnd: pageIsEnd, target, isEnd: isEnd) <= 0
        }
        if let depth = inner.firstIndex(where: { isReached(by: $0.next) }) {
            inner.removeSubrange((depth + 1)...)
            leaf = nil
            _ = try leafChain?.finish()
            sequence.jump()
            while leaf == nil, let parent = inner.last, var child = try parent.takeNext() {
                while isReached(by: parent.next), let next = try parent.takeNext() { child = next }
                try enter(PageClaims(child: child, level: parent.level - 1))
            }
        } else if leaf == nil {
            _ = try enterNextLeaf()
        }
        while let item = try nextInLeaf() {
            let itemIsEnd = item.kind == .directoryEnd
            if PathOrder.compare(sequence.path, isEnd: itemIsEnd, target, isEnd: isEnd) >= 0 {
                pending = item
                return
            }
            leaf?.skip()
        }
    }

    func inPage<Result>(_ body: () throws -> Result) throws -> Result {
        try inPage(leaf?.claims.id ?? rootClaims.id, body)
    }

    /// Names the page in what is thrown about it.
    private func inPage<Result>(_ id: ChunkID, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as ManifestError {
            throw ManifestError(error.code, "manifest page \(id): \(error.message)")
        } catch let error as RecordError {
            let code: ManifestError.Code = error.code == .unsupported ? .unsupported : .malformed
            throw ManifestError(code, "manifest page \(id): \(error.message)")
        }
    }
}
