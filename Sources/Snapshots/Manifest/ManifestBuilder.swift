internal import Cryptography

/// Writes a manifest from entries in path order, and stores its pages as they fill.
///
/// Memory is one page per level and one hash state per open directory. Not for use by several threads at once.
package final class ManifestBuilder {
    /// The most bytes that the fields of one entry may take, so that a page stays far below the bound of a chunk.
    package static let longestEntry = 1 << 20

    private enum State { case building, failed, finished }

    private let sink: any ChunkSink
    private var levels: [PageWriter]
    private var sequence = PathSequence()
    private var open = OpenDirectories(digests: true)
    private var digester: EntryDigester
    private var boundary: PageBoundary
    /// The fields of the entry at hand.
    private var fields: [UInt8] = []
    private var state = State.building
    /// The number of entries added so far, without directory ends.
    package private(set) var entryCount: UInt64 = 0
    /// The sizes of the regular files added so far.
    package private(set) var contentBytes: UInt64 = 0

    /// Starts an empty manifest whose pages go to the sink.
    package init(sink: any ChunkSink) throws {
        self.sink = sink
        levels = [try PageWriter(level: 0)]
        digester = try EntryDigester()
        boundary = try PageBoundary()
    }

    /// Adds the next entry; a directory stays open for what is below it until ``endDirectory()``.
    ///
    /// Of a directory end only the path and the preserved fields are taken: counts and digest are computed. Throws a
    /// ``ManifestError`` for an entry that is invalid or out of place, and is then as before; what the sink throws, or a
    /// sum beyond 64 bits, makes the builder unusable.
    package func add(_ entry: Entry) throws {
        try requireBuilding()
        if entry.kind == .directoryEnd { return try end(entry) }
        try entry.validate()
        try encode(entry)
        let bytes = try checkedSum(contentBytes, entry.size, "the size of all content")
        let shared = PathOrder.sharedPrefix(sequence.path, entry.path)
        let nameStart = sequence.nameStart
        try sequence.advance(shared: shared, rest: entry.path[shared...], kind: entry.kind)
        try failing {
            let digest = try digester.digest(entry.kind, name: entry.path[nameStart...], fields: fields[...])
            entryCount += 1
            contentBytes = bytes
            try open.count(entries: 1, contentBytes: entry.size)
            try open.add(digest)
            if entry.kind == .directory { try open.push() }
            try append(entry, shared: shared, entries: 1, digest)
        }
    }

    /// Closes the innermost open directory.
    package func endDirectory() throws {
        try requireBuilding()
        guard sequence.openLength > 0 else { throw ManifestError(.misuse, "no directory is open that could end") }
        try end(Entry(path: Array(sequence.path[..<sequence.openLength]), kind: .directoryEnd))
    }

    /// The path of the innermost open directory; empty at the top.
    package var openDirectory: ArraySlice<UInt8> { sequence.path[..<sequence.openLength] }

    /// Stores what is left and returns the root; every directory must have ended.
    package func finish() throws -> ManifestRoot {
        try requireBuilding()
        guard sequence.openLength == 0 else {
            throw ManifestError(.misuse, "the directory \(printable(openDirectory)) has not ended")
        }
        return try failing {
            var level = 0
            while true {
                let (summary, mark) = try levels[level].close(into: sink)
                if levels[level].closedPages == 1 {
                    state = .finished
                    return ManifestRoot(
                        id: summary.id,
                        level: level,
                        digest: summary.digest,
                        entryCount: entryCount,
                        contentBytes: contentBytes
                    )
                }
                level += 1
                try append(child: summary, mark: mark, level: level)
            }
        }
    }

    /// The content of a file with these extents: in the entry if they are few, else as a tree whose pages are stored.
    package func extentsContent(_ extents: [Extent]) throws -> Content {
        let builder = ExtentTreeBuilder(sink: sink)
        for extent in extents { try builder.append(extent) }
        return try builder.finish()
    }

    private func end(_ entry: Entry) throws {
        guard sequence.openLength == entry.path.count, let sums = open.innermost else {
            throw ManifestError(.nesting, "the directory \(printable(entry.path)) ends without being the open one")
        }
        let shared = PathOrder.sharedPrefix(sequence.path, entry.path)
        try sequence.advance(shared: shared, rest: entry.path[shared...], kind: .directoryEnd)
        try failing {
            _ = open.pop()
            var end = Entry(path: entry.path, kind: .directoryEnd)
            end.entryCount = sums.entries
            end.contentBytes = sums.contentBytes
            end.preservedFields = entry.preservedFields
            let digest = try sums.digest() ?? .zero
            end.subtreeDigest = digest
            try end.validate()
            try encode(end)
            try open.count(entries: sums.entries, contentBytes: sums.contentBytes)
            try open.add(digest)
            try append(end, shared: shared, entries: 0, digest)
        }
    }

    private func encode(_ entry: Entry) throws {
        fields.removeAll(keepingCapacity: true)
        try entry.appendFields(to: &fields)
        guard fields.count <= Self.longestEntry else {
            throw entry.invalid("has fields of \(fields.count) bytes, more than \(Self.longestEntry)")
        }
    }

    private func append(_ entry: Entry, shared: Int, entries: UInt64, _ digest: Digest) throws {
        if levels[0].isFull {
            let (summary, mark) = try levels[0].close(into: sink)
            try append(child: summary, mark: mark, level: 1)
        }
        let tally = EntryTally(
            entries: entries,
            contentBytes: entry.size,
            digest: digest,
            mark: try boundary.mark(entry.path, entry.kind)
        )
        try levels[0].append(entry: entry.path, kind: entry.kind, shared: shared, fields: fields, tally)
    }

    private func append(child: PageSummary, mark: UInt64, level: Int) throws {
        if level == levels.count {
            guard level <= PageBoundary.highestLevel else {
                throw ManifestError(.tooLarge, "a manifest needs more than \(PageBoundary.highestLevel + 1) levels")
            }
            levels.append(try PageWriter(level: level))
        }
        if levels[level].isFull {
            let (summary, mark) = try levels[level].close(into: sink)
            try append(child: summary, mark: mark, level: level + 1)
        }
        try levels[level].append(child: child, mark: mark)
    }

    private func requireBuilding() throws {
        switch state {
        case .building: return
        case .failed: throw ManifestError(.misuse, "the manifest failed before, and cannot be continued")
        case .finished: throw ManifestError(.misuse, "the manifest is finished")
        }
    }

    private func failing<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch {
            state = .failed
            throw error
        }
    }
}
