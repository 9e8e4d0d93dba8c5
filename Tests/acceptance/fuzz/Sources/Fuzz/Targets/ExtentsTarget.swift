import Cryptography
import Records

@testable import ManifestSamples
@testable import Repository
@testable import Snapshots

/// Trees of extent pages.
final class ExtentsTarget: FuzzTarget {
    static let name = "extents"
    static let parsers = [
        "Snapshots/Manifest/ExtentCoding.swift", "Snapshots/Manifest/ExtentReader.swift",
        "Snapshots/Manifest/ExtentTreeBuilder.swift",
    ]
    static let options = ["-max_len=8192"]
    static func shape(of input: [UInt8]) -> InputShape { .head(9, .blocks(.page)) }

    private static let mostExtents = 200_000

    /// One byte of flags, eight of a size, then pages as `PageForge` takes them, the root last.
    func run(_ input: [UInt8]) throws {
        var input = InputReader(input)
        let flags = input.byte()
        let givenSize = input.integer(8)
        let pages = ManifestPages()
        var forge = PageForge { try pages.store($0, type: $1) }
        while !input.isAtEnd, forge.pages.count < 16 {
            let part = input.block()
            try forge.add([(part.first ?? 0) & 0xFC | PageForge.Kind.extents.rawValue] + part.dropFirst())
        }
        guard let root = forge.pages.last else { return }
        let size = flags & 1 == 0 ? root.extents.reduce(0) { $0 &+ $1.length } : givenSize
        guard let extents = try attempt({ try read(.tree(root: root.id, level: root.level), size, pages) }) else {
            return
        }
        let builder = ExtentTreeBuilder(sink: pages)
        for extent in extents { try builder.append(extent) }
        try require(
            try read(builder.finish(), size, pages) == extents,
            "extents change when they are written and read"
        )
    }

    private func read(_ content: Content, _ size: UInt64, _ pages: ManifestPages) throws -> [Extent] {
        var reader = ExtentReader(content, size: size, source: pages)
        var extents: [Extent] = []
        var sum: UInt64 = 0
        while let extent = try reader.next() {
            try require(extent.length > 0, "an extent of no length")
            sum += extent.length
            try require(sum + reader.remainingLength == size, "extents do not add up")
            extents.append(extent)
            // Pages stand in each other many times over; what is read is bounded by the size alone.
            if extents.count > Self.mostExtents { throw ManifestError(.tooLarge, "enough") }
        }
        try require(sum == size, "extents are shorter than the content")
        return extents
    }

    func seeds() throws -> [[UInt8]] {
        let first: [Extent] = [
            .chunk(TreeSamples.reference(9), offset: 3, length: 1 << 20), .hole(length: 4096),
            .chunk(TreeSamples.reference(1), offset: 0, length: 16 << 20), .hole(length: 1 << 40),
        ]
        var leaf: [UInt8] = [0, 1, 0, 4]
        for extent in first { ExtentCoding.append(extent, to: &leaf) }
        func inner(_ level: UInt8, _ children: [Int]) -> [UInt8] {
            var page: [UInt8] = [0, 1, level, UInt8(children.count)]
            for child in children {
                TreeSamples.reference(child).append(to: &page)
                page.append(1)
            }
            return page
        }
        var holes: [UInt8] = [0, 1, 0, 100]
        for length in UInt8(1)...100 { holes += [0, length] }
        // More than stand in one page.
        var many: [[UInt8]] = []
        for _ in 0..<2 {
            var page: [UInt8] = [0, 1, 0, 0x80, 0x08]
            for _ in 0..<1024 { page += [0, 1] }
            many.append(page)
        }
        many.append(inner(1, [0, 1]))
        let trees: [[[UInt8]]] = [
            many,
            [leaf], [leaf, inner(1, [0])], [leaf, inner(1, [0, 0, 0]), inner(2, [1, 1])], [holes],
        ]
        return trees.map { tree in
            var input = InputWriter()
            input.byte(0)
            input.integer(77, 8)
            for page in tree { input.block(page) }
            return input.bytes
        }
    }
}
