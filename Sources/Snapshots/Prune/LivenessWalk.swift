import Cryptography
import Records
import Repository

/// Walks manifests and marks every chunk that they refer to.
///
/// A page that was walked is not read again, whichever snapshot refers to it: its id stands for all that is below it.
final class LivenessWalk {
    private let source: any ChunkSource
    private let live: LiveChunks
    /// What was walked before, by an earlier walk over other tables.
    private let before: LiveChunks?
    private let pulse: () throws -> Void

    /// - Parameters:
    ///   - live: where chunks are marked.
    ///   - before: chunks that need not be marked again.
    ///   - pulse: called before each page; may throw to stop the walk.
    init(
        source: any ChunkSource,
        live: LiveChunks,
        before: LiveChunks? = nil,
        pulse: @escaping () throws -> Void
    ) {
        self.source = source
        self.live = live
        self.before = before
        self.pulse = pulse
    }

    /// Marks what a snapshot needs.
    ///
    /// - Throws: `RepositoryError.integrity`, naming the snapshot, if a page cannot be read or a chunk is in no pack.
    func walk(_ commit: VerifiedCommit) throws {
        do {
            try walkPage(commit.commit.root.chunk, level: Int(clamping: commit.commit.root.level))
        } catch let error as RepositoryError where error.code == .cancelled || error.code == .notPermitted {
            throw error
        } catch let error as RepositoryError where error.code == .heldForDead || error.code == .busy {
            throw error
        } catch let error where error.isDamage {
            throw RepositoryError(
                .integrity,
                "nothing was deleted, since it is not known what snapshot \(commit.id.hex.prefix(8)) needs: run "
                    + "holdfast check, then repair it or forget the snapshot",
                cause: error
            )
        }
    }

    /// Marks a chunk that is needed for another reason than a manifest.
    func mark(_ id: ChunkID) { if before?.contains(id) != true { _ = live.insert(id) } }

    private func walkPage(_ id: ChunkID, level: Int) throws {
        if before?.hasEntered(id) ?? false || live.hasEntered(id) { return }
        try pulse()
        let page = try source.load(id, type: .manifestPage)
        try enter(id)
        if level == 0 { try walkLeaf(page, id) } else { try walkInner(page, id, level: level) }
    }

    private func walkInner(_ page: [UInt8], _ id: ChunkID, level: Int) throws {
        let inner = try InnerPage(page, claims: PageClaims(id: id, level: level, digest: nil))
        while let child = try inner.takeNext() { try walkPage(child.id, level: level - 1) }
    }

    private func walkLeaf(_ page: [UInt8], _ id: ChunkID) throws {
        var leaf = try LeafPage(page, claims: PageClaims(id: id, level: 0, digest: nil))
        var path: [UInt8] = []
        while let item = try leaf.next() {
            guard item.shared <= path.count else {
                throw ManifestError(
                    .malformed,
                    "a path shares \(item.shared) bytes with one of \(path.count) before it"
                )
            }
            path.removeSubrange(item.shared...)
            path += item.rest
            try walkEntry(try Entry(path: path, kind: item.kind, fields: item.fields))
        }
    }

    private func walkEntry(_ entry: Entry) throws {
        if case .stored(hash: _, let extents, byteCount: _) = entry.attributes { try walk(extents) }
        switch entry.content {
        case .none: break
        case .inline(let extents): try walk(extents)
        case .tree(let root, let level): try walkExtentPage(root, level: level)
        }
        // Other live versions of the entry, of sites that have not agreed yet.
        for value in entry.preservedFields.values(of: EntryTag.siblingVersion) {
            guard let first = value.first, let kind = EntryKind(rawValue: first) else {
                throw ManifestError(.unsupported, "a version of \(printable(entry.path)) is of an unknown kind")
            }
            try walkEntry(try Entry(path: entry.path, kind: kind, fields: value.dropFirst()))
        }
    }

    private func walkExtentPage(_ id: ChunkID, level: Int) throws {
        guard (0...ExtentPage.highestLevel).contains(level) else {
            throw ManifestError(.levelMismatch, "the extent page \(id) is of level \(level)")
        }
        if before?.hasEntered(id) ?? false || live.hasEntered(id) { return }
        try pulse()
        var reader = ByteReader(try source.load(id, type: .extentPage), what: "extent page")
        try enter(id)
        let shortest = level == 0 ? ExtentCoding.shortestEncoding : Digest.byteCount + 1
        var left = try PageHeader.read(&reader, level: level, shortestItem: shortest)
        while left > 0 {
            left -= 1
            if level == 0 {
                try walk([try ExtentCoding.read(from: &reader)])
            } else {
                let child = try reader.digest()
                _ = try reader.varint()
                try walkExtentPage(child, level: level - 1)
            }
        }
        try reader.requireEnd()
    }

    private func walk(_ extents: [Extent]) throws {
        for extent in extents {
            guard case .chunk(let id, offset: _, length: _) = extent else { continue }
            if before?.contains(id) ?? false { continue }
            guard live.insert(id) != .absent else {
                throw RepositoryError(.missing, "chunk \(id.hex) is in no pack of the repository")
            }
        }
    }

    private func enter(_ id: ChunkID) throws {
        guard live.enter(id) else { throw RepositoryError(.missing, "page \(id.hex) is in no pack of the index") }
    }
}
