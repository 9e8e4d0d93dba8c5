import Cryptography
import Records
import Repository

/// Walks manifests to their end and verifies all that they say, with the chunks that they refer to.
///
/// Pages that snapshots share are read once. The digest and counts of a directory are verified when all of its pages are
/// read, which is so in the manifest that is walked first; those of pages always. Damage in one page does not keep the
/// others from being walked.
final class ManifestVerifier {
    private let source: any ChunkSource
    private let presence: ChunkPresence
    private let isCancelled: @Sendable () -> Bool
    /// Whether only chunks found damaged are looked for, as all else was told before.
    private let findsDamageOnly: Bool

    private var fingerprints: PageFingerprints
    private var digester: EntryDigester
    private let leafChain: DigestChain
    private var sequence = PathSequence()
    private var open = OpenDirectories(digests: true)
    private var isAfterJump = false
    private var snapshot = ObjectHash.zero
    private var inodes = InodeAgreement()

    /// What was found so far.
    private(set) var damage = DamageReport()
    /// Pages that were read.
    private(set) var pageCount = 0
    /// Entries in them, without directory ends.
    private(set) var entryCount: UInt64 = 0

    init(
        source: any ChunkSource,
        presence: ChunkPresence,
        findsDamageOnly: Bool = false,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws {
        self.source = source
        self.presence = presence
        self.findsDamageOnly = findsDamageOnly
        self.isCancelled = isCancelled
        fingerprints = try PageFingerprints()
        digester = try EntryDigester()
        leafChain = try DigestChain()
    }

    /// Walks the manifest of a commit.
    ///
    /// - Parameters:
    ///   - root: what the commit says of the root page, and its sealed part of digest and sums.
    /// - Returns: whether nothing was found.
    /// - Throws: `RepositoryError.cancelled`, or what keeps the store from being read; damage does not throw.
    func verify(_ root: PageClaims, of snapshot: ObjectHash) throws -> Bool {
        self.snapshot = snapshot
        inodes.beginSnapshot()
        sequence = PathSequence()
        isAfterJump = false
        try open.jump(toDepth: 0)
        return try visit(root, before: nil)
    }

    private func visit(_ claims: PageClaims, before following: Place?) throws -> Bool {
        if isCancelled() { throw RepositoryError(.cancelled, "stopped before everything was checked") }
        let fingerprint = try fingerprints.fingerprint(claims, before: following)
        do {
            if fingerprints.contains(fingerprint) {
                try requireNext(claims.first.map { Place(path: $0.path, kind: $0.kind) })
                let isGood = inodes.add(fingerprints.members(of: fingerprint))
                if !isGood { noteContent(claims.id, claims.first?.path ?? [], differentInodes()) }
                try jump()
                return isGood
            }
            let page: [UInt8]
            do {
                page = try source.load(claims.id, type: .manifestPage)
            } catch let error where error.isDamage {
                noteLost(claims, before: following, error)
                try jump()
                return false
            }
            pageCount += 1
            let membersBefore = inodes.count
            let isGood =
                claims.level == 0
                ? try readLeaf(page, claims, before: following)
                : try readInner(page, claims, before: following)
            // Of an inner page with hard links somewhere below, the pages below are looked at again for each snapshot.
            if isGood, claims.level == 0 || inodes.count == membersBefore {
                fingerprints.insert(fingerprint, members: claims.level == 0 ? inodes.onPage : [])
            }
            return isGood
        } catch let error where error is ManifestError || error is RecordError {
            noteContent(claims.id, sequence.path, error)
            try jump()
            return false
        }
    }

    private func readInner(_ page: [UInt8], _ claims: PageClaims, before following: Place?) throws -> Bool {
        let inner = try InnerPage(page, claims: claims)
        var isGood = true
        while let child = try inner.takeNext() {
            let next = inner.next.map { Place(path: $0.firstPath, kind: $0.firstKind) } ?? following
            if try !visit(PageClaims(child: child, level: claims.level - 1), before: next) { isGood = false }
        }
        return isGood
    }

    private func readLeaf(_ page: [UInt8], _ claims: PageClaims, before following: Place?) throws -> Bool {
        var leaf = try LeafPage(page, claims: claims)
        var isGood = true
        inodes.beginPage()
        while let item = try leaf.next() {
            try sequence.advance(shared: item.shared, rest: item.rest, kind: item.kind)
            let entry = try Entry(path: sequence.path, kind: item.kind, fields: item.fields)
            if isAfterJump {
                isAfterJump = false
                try open.jump(toDepth: PathOrder.depth(entry.path) - (entry.kind == .directoryEnd ? 0 : 1))
            }
            if entry.kind == .directoryEnd {
                try account(forEnd: entry)
            } else {
                try leaf.count(entries: 1, contentBytes: entry.size)
                try account(for: entry, item)
                if try !verifyContent(of: entry) {
                    isGood = false
                    damage.note(file: entry.path, of: snapshot)
                }
                if try !inodes.add(entry) {
                    noteContent(claims.id, entry.path, differentInodes())
                    isGood = false
                }
            }
        }
        try leaf.requireSums()
        try claims.requireDigest(try leafChain.finish())
        try requireNext(following)
        return isGood
    }

    private func account(for entry: Entry, _ item: LeafItem) throws {
        entryCount += 1
        try open.count(entries: 1, contentBytes: entry.size)
        let digest = try digester.digest(entry.kind, name: entry.name, fields: item.fields)
        try leafChain.add(digest)
        try open.add(digest)
        if entry.kind == .directory { try open.push() }
    }

    private func account(forEnd end: Entry) throws {
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
            guard try sums.digest() == claimed else {
                throw ManifestError(.digestMismatch, "the digest of the directory \(printable(end.path)) is wrong")
            }
        }
        try open.count(entries: end.entryCount, contentBytes: end.contentBytes)
        try leafChain.add(claimed)
        try open.add(claimed)
    }

    /// Makes sure that the place may stand next; none, that the manifest may end here.
    private func requireNext(_ place: Place?) throws {
        guard let place else {
            guard sequence.openLength == 0 else {
                throw ManifestError(.nesting, "the manifest ends before the directory \(printable(sequence.path)) does")
            }
            return
        }
        var copy = sequence
        try copy.advance(shared: 0, rest: place.path[...], kind: place.kind)
    }

    /// Goes on behind a page that was not read, or not to its end.
    private func jump() throws {
        sequence.jump()
        isAfterJump = true
        _ = try leafChain.finish()
    }
}

// The chunks of an entry.
extension ManifestVerifier {
    private func verifyContent(of entry: Entry) throws -> Bool {
        var isGood = true
        if case .stored(hash: _, let extents, byteCount: _) = entry.attributes {
            for extent in extents {
                if try !verify(extent, of: entry) { isGood = false }
            }
        }
        guard entry.kind == .regular else { return isGood }
        if case .inline(let extents) = entry.content {
            for extent in extents {
                if try !verify(extent, of: entry) { isGood = false }
            }
            return isGood
        }
        var extents = ExtentReader(entry, source: source)
        do {
            while let extent = try extents.next() {
                if try !verify(extent, of: entry) { isGood = false }
            }
        } catch let error where error.isDamage {
            guard case .tree(let root, level: _) = entry.content else { throw error }
            if error is ManifestError {
                noteContent(root, entry.path, error)
            } else {
                noteLostPage(root, entry.path, error)
            }
            return false
        }
        return isGood
    }

    private func verify(_ extent: Extent, of entry: Entry) throws -> Bool {
        guard case .chunk(let id, let offset, let length) = extent else { return true }
        let cause: DamageReport.Cause
        switch try presence.find(id, .data) {
        case .present(let plainLength):
            if offset + length <= plainLength { return true }
            if findsDamageOnly { return true }
            noteContent(
                id,
                entry.path,
                ManifestError(
                    .invalidEntry,
                    "\(printable(entry.path)) needs bytes \(offset) to \(offset + length) of chunk \(id), which has "
                        + "\(plainLength)"
                )
            )
            return false
        case .missing(let pack):
            if findsDamageOnly { return true }
            cause = .missing(from: pack)
        case .unlisted(let pack):
            // Nothing is lost yet.
            if !findsDamageOnly {
                damage.note(.unlisted(in: pack), snapshot: snapshot, path: entry.path, chunk: id)
            }
            return true
        case .damaged(let pack):
            cause = .damaged(in: pack)
        }
        damage.note(cause, snapshot: snapshot, path: entry.path, chunk: id)
        return false
    }

    private func differentInodes() -> ManifestError {
        ManifestError(.invalidEntry, "entries of one hard-link group differ; a restore keeps them apart")
    }

    private func noteLostPage(_ id: ChunkID, _ path: [UInt8]?, _ error: any Error) {
        guard !findsDamageOnly else { return }
        damage.note(.page(id), snapshot: snapshot, path: path, message: "\(error)")
    }

    private func noteLost(_ claims: PageClaims, before following: Place?, _ error: any Error) {
        guard !findsDamageOnly else { return }
        damage.note(
            LostEntries(
                page: claims.id,
                first: claims.first.map { Place(path: $0.path, kind: $0.kind) },
                isAfterFirst: false,
                next: following,
                entries: claims.entries,
                contentBytes: claims.contentBytes,
                reason: error
            ),
            of: snapshot
        )
    }

    private func noteContent(_ id: ChunkID, _ path: [UInt8], _ error: any Error) {
        guard !findsDamageOnly else { return }
        damage.note(.content(id), snapshot: snapshot, path: path.isEmpty ? nil : path, message: "\(error)")
    }
}
