internal import Cryptography
internal import Records
internal import Repository

/// Takes the extents of one file as they come, and makes its content of them.
///
/// Up to 64 extents stay in memory and become part of the entry; longer lists go to pages in chunks. Memory is one page
/// per level, whatever the size of the file.
package final class ExtentTreeBuilder {
    /// One page that is being filled.
    private struct Page {
        var body: [UInt8] = []
        var count = 0
        var length: UInt64 = 0
        var isFull = false
        var closed = 0
    }

    private let sink: any ChunkSink
    private var inline: [Extent] = []
    private var levels: [Page] = []
    /// The number of bytes of content so far, holes included.
    package private(set) var length: UInt64 = 0
    /// The number of extents so far.
    package private(set) var count = 0
    /// Whether one of them is a hole.
    package private(set) var hasHoles = false

    /// Starts an empty list whose pages, if any, go to the sink.
    package init(sink: any ChunkSink) {
        self.sink = sink
    }

    /// Adds the next extent; throws `.invalidEntry` or `.tooLarge` for one that cannot be.
    package func append(_ extent: Extent) throws {
        try extent.validate()
        length = try checkedSum(length, extent.length, "the size of a file")
        count += 1
        hasHoles = hasHoles || extent.isHole
        guard levels.isEmpty else { return try appendToTree(extent) }
        inline.append(extent)
        if inline.count > Entry.mostInlineExtents {
            levels.append(Page())
            for extent in inline { try appendToTree(extent) }
            inline = []
        }
    }

    /// The content of all extents; the builder is empty again.
    package func finish() throws -> Content {
        defer {
            inline = []
            levels = []
            length = 0
            count = 0
            hasHoles = false
        }
        guard !levels.isEmpty else { return inline.isEmpty ? .none : .inline(inline) }
        var level = 0
        while true {
            let (id, length) = try close(level)
            if levels[level].closed == 1 { return .tree(root: id, level: level) }
            level += 1
            try append(child: id, length: length, level: level)
        }
    }

    private func appendToTree(_ extent: Extent) throws {
        if levels[0].isFull {
            let (id, length) = try close(0)
            try append(child: id, length: length, level: 1)
        }
        ExtentCoding.append(extent, to: &levels[0].body)
        if case .chunk(let id, offset: _, length: _) = extent {
            took(extent.length, level: 0, mayEnd: ExtentPage.ends(level: 0, afterPrefix: id.prefix64))
        } else {
            took(extent.length, level: 0, mayEnd: false)
        }
    }

    private func append(child: ChunkID, length: UInt64, level: Int) throws {
        if level == levels.count {
            guard level <= ExtentPage.highestLevel else {
                throw ManifestError(.tooLarge, "a file has too many extents for \(ExtentPage.highestLevel + 1) levels")
            }
            levels.append(Page())
        }
        if levels[level].isFull {
            let (id, length) = try close(level)
            try append(child: id, length: length, level: level + 1)
        }
        levels[level].body.appendDigest(child)
        Varint.append(length, to: &levels[level].body)
        took(length, level: level, mayEnd: ExtentPage.ends(level: level, afterPrefix: child.prefix64))
    }

    private func took(_ length: UInt64, level: Int, mayEnd: Bool) {
        // No more than the length of the whole file, which was checked.
        levels[level].length &+= length
        levels[level].count += 1
        levels[level].isFull = mayEnd || levels[level].count >= ExtentPage.mostItems
    }

    private func close(_ level: Int) throws -> (id: ChunkID, length: UInt64) {
        var page: [UInt8] = [1, UInt8(level)]
        page.reserveCapacity(12 + levels[level].body.count)
        Varint.append(UInt64(levels[level].count), to: &page)
        page.append(contentsOf: levels[level].body)
        let id = try sink.store(page, type: .extentPage)
        let length = levels[level].length
        levels[level].body.removeAll(keepingCapacity: true)
        levels[level].count = 0
        levels[level].length = 0
        levels[level].isFull = false
        levels[level].closed += 1
        return (id, length)
    }
}
