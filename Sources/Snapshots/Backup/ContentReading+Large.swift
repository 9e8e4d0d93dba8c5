import Cryptography
import FileSystem
import Records
import Repository

extension ContentReading {
    func readLarge(_ file: FileToRead, _ item: inout BatchItem, _ batch: EntryBatch) throws {
        let path = [UInt8(ascii: "/")] + item.entry.path
        do {
            let opened = try open(file)
            defer { try? opened.close() }
            opened.adviseSequential()
            let isStream: Bool
            if case .stream = item.placement { isStream = true } else { isStream = false }
            var mayHaveHoles = true
            var attempt = 1
            while true {
                let before = try opened.status()
                guard before.kind == .regular else { throw FileVanished() }
                let content: ReadContent
                if file.hidesSize {
                    let limit = PseudoFileSystem.longestContent
                    guard before.size <= limit else { throw EndlessFile() }
                    content = try readPieces(opened, size: limit + 1, isSparse: false, batch)
                    guard content.byteCount <= limit else { throw EndlessFile() }
                } else {
                    let isSparse = mayHaveHoles && before.mayHaveHoles
                    content = try readPieces(opened, size: before.size, isSparse: isSparse, batch)
                    if content.hasLostItsHoles {
                        mayHaveHoles = false
                        if isStream { batch.fill(batch.addPlace(), .restart) }
                        continue
                    }
                }
                let after = try opened.status()
                counters.count { $0.bytesRead += content.dataByteCount }
                let isTorn =
                    !file.hidesSize
                    && (StatRecord(before) != StatRecord(after) || content.byteCount != after.size)
                if isTorn, attempt == 1 {
                    attempt = 2
                    if isStream { batch.fill(batch.addPlace(), .restart) }
                    continue
                }
                try complete(&item, opened, after, byteCount: Int(content.byteCount), isTorn: isTorn, path: path)
                if !isStream { item.placement = .pieces(content.places) }
                if content.hasHoles {
                    item.entry.sparseHash = content.digest
                } else {
                    item.entry.contentHash = content.byteCount > 0 ? content.digest : nil
                }
                counters.progress.addFile()
                return
            }
        } catch let error as SystemError {
            fail(&item, path, error)
        } catch let error as FileVanished {
            fail(&item, path, error)
        } catch let error as EndlessFile {
            fail(&item, path, error)
        }
    }

    private struct ReadContent {
        var byteCount: Int64 = 0
        var places: Range<Int>
        /// Bytes outside holes.
        var dataByteCount: UInt64 = 0
        var hasHoles = false
        /// Whether none of the holes that it seemed to have was met: they were filled meanwhile, and the digest is none.
        var hasLostItsHoles = false
        var digest: Digest?
    }

    /// Reads a file from its start to its end, stretch by stretch where it has holes.
    private func readPieces(_ opened: Descriptor, size: Int64, isSparse: Bool, _ batch: EntryBatch) throws
        -> ReadContent
    {
        var stretches: HoleWalk? = nil
        if isSparse {
            let walk = HoleWalk(opened, size: size)
            if try walk.hasHoles() { stretches = walk }
        }
        cutter.hash = try SHA256()
        var content = ReadContent(places: 0..<0)
        var first: Int?
        func note(_ place: Int) {
            if first == nil { first = place }
            content.places = (first ?? place)..<(place + 1)
        }
        guard let stretches else {
            // Never beyond the size: a file that grows as fast as it is read would have no end.
            content.byteCount = try readStretch(opened, from: 0, to: size, batch, note)
            content.dataByteCount = UInt64(content.byteCount)
            content.digest = try cutter.finishHash()
            return content
        }
        try unsafe cutter.hash.update(Array("holdfast/v1/sparse\0".utf8).span.bytes)
        var position: Int64 = 0
        while let stretch = try stretches.next() {
            var head: [UInt8] = [stretch.isHole ? 0 : 1]
            head.appendLittleEndian64(UInt64(stretch.range.count))
            try unsafe cutter.hash.update(head.span.bytes)
            if stretch.isHole {
                let place = batch.addPlace()
                note(place)
                batch.fill(place, .hole(UInt64(stretch.range.count)))
                content.hasHoles = true
                position = stretch.range.upperBound
            } else {
                let count = try readStretch(
                    opened,
                    from: stretch.range.lowerBound,
                    to: stretch.range.upperBound,
                    batch,
                    note
                )
                position = stretch.range.lowerBound + count
                content.dataByteCount += UInt64(count)
                if count < stretch.range.count { break }  // Cut off meanwhile: the status tells.
            }
        }
        content.byteCount = position
        content.hasLostItsHoles = !content.hasHoles && position > 0
        content.digest = try cutter.finishHash()
        return content
    }

    /// Reads and cuts from one offset to another, or to the end of the file if that comes first.
    private func readStretch(
        _ opened: Descriptor,
        from start: Int64,
        to end: Int64,
        _ batch: EntryBatch,
        _ note: (Int) -> Void
    ) throws -> Int64 {
        try cutter.cut(batch, note) { buffer, position, offset in
            let room = buffer.bytes.count - position
            let wanted = min(room, Int(clamping: end - start - offset))
            guard wanted > 0 else { return 0 }
            return try opened.read(from: start + offset, into: &buffer.bytes, at: position, count: wanted)
        }
    }
}
