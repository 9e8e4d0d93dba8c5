import Cryptography
import Records
import TestSupport

@testable import ManifestSamples
@testable import Repository
@testable import Snapshots

/// Small trees in the form that `PageForge` takes.
struct TreeSamples {
    private var sample: RandomManifest

    init(seed: UInt64) { sample = RandomManifest(seed: seed) }

    /// An id that stands for an earlier page.
    static func reference(_ number: Int) -> Digest {
        Digest([UInt8(truncatingIfNeeded: number)] + [UInt8](repeating: 0, count: 31)) ?? .zero
    }

    /// Parts of an input: data chunks, a page of extents, leaves of some entries each, and pages above them.
    mutating func parts(entryCount: Int, leafLength: Int, isDeep: Bool = false) throws -> [[UInt8]] {
        var parts: [[UInt8]] = []
        for length in [5, 300, 40] {
            parts.append([PageForge.Kind.data.rawValue] + (0..<length).map { UInt8(truncatingIfNeeded: $0 * 7) })
        }
        let extents: [Extent] = [.chunk(Self.reference(1), offset: 10, length: 200), .hole(length: 5000)]
        parts.append([PageForge.Kind.extents.rawValue] + extentPage(extents))
        parts.append([PageForge.Kind.extents.rawValue] + extentPage(children: [0, 0]))
        var entries = withEnds(sample.entries(count: entryCount).map(withReferences))
        var leaves = 0
        while !entries.isEmpty {
            parts.append([PageForge.Kind.manifest.rawValue] + (try leaf(Array(entries.prefix(leafLength)))))
            entries = Array(entries.dropFirst(leafLength))
            leaves += 1
        }
        if leaves == 0 { parts.append([PageForge.Kind.manifest.rawValue, 1, 0, 0]) }
        guard leaves > 1 else { return parts }
        let half = leaves / 2
        guard isDeep, half > 0 else { return parts + [inner(level: 1, children: Array(0..<leaves))] }
        return parts + [
            inner(level: 1, children: Array(0..<half)), inner(level: 1, children: Array(half..<leaves)),
            inner(level: 2, children: [leaves, leaves + 1]),
        ]
    }

    /// Two trees of five leaves that differ in one of them: pages 6 and 7.
    static func differingTrees() -> [[UInt8]] {
        func leaf(_ number: Int, permissions: UInt8) -> [UInt8] {
            [PageForge.Kind.manifest.rawValue]
                + ForgedPage.leaf(
                    (0..<3).map { item in
                        ForgedPage.Item(path: Array("f\(number)\(item)".utf8), kind: 5, fields: [1, 1, permissions])
                    }
                )
        }
        func inner(_ children: [Int]) -> [UInt8] {
            let children = children.map { ForgedPage.Child(path: Array("x".utf8), id: reference($0)) }
            return [PageForge.Kind.manifest.rawValue] + ForgedPage.inner(children, level: 1)
        }
        return (0..<5).map { leaf($0, permissions: 5) } + [
            leaf(2, permissions: 7), inner([0, 1, 2, 3, 4]), inner([0, 1, 5, 3, 4]),
        ]
    }

    /// A page above two leaves that says something wrong of the second: nothing but the digest, its first path, or its
    /// counts.
    static func wrongClaims(_ mistake: Int) -> [[UInt8]] {
        func leaf(_ name: String) -> [UInt8] {
            [PageForge.Kind.manifest.rawValue]
                + ForgedPage.leaf([ForgedPage.Item(path: Array(name.utf8), kind: 5, fields: [1, 1, 5])])
        }
        let children = ["a", "b"].map { name in
            ForgedPage.Child(
                path: Array((mistake == 1 && name == "b" ? "bb" : name).utf8),
                kind: 5,
                id: reference(name == "a" ? 0 : 1),
                entries: mistake == 2 && name == "b" ? 7 : 1
            )
        }
        let head = PageForge.Kind.manifest.rawValue | PageForge.Flag.claims
        return [leaf("a"), leaf("b"), [head] + ForgedPage.inner(children, level: 1)]
    }

    /// The same parts, with one flag on all pages of the manifest: what pages say of each other stays as it is, and so is
    /// wrong.
    static func flagged(_ parts: [[UInt8]], _ flag: UInt8) -> [[UInt8]] {
        parts.map { part in
            part.first == PageForge.Kind.data.rawValue ? part : [part[0] | flag] + part.dropFirst()
        }
    }

    private func extentPage(_ extents: [Extent]) -> [UInt8] {
        var page: [UInt8] = [1, 0, UInt8(extents.count)]
        for extent in extents { ExtentCoding.append(extent, to: &page) }
        return page
    }

    private func extentPage(children: [Int]) -> [UInt8] {
        var page: [UInt8] = [1, 1, UInt8(children.count)]
        for child in children {
            Self.reference(child).append(to: &page)
            page.append(1)
        }
        return page
    }

    /// Replaces the random chunks of an entry by those of the sample.
    private func withReferences(_ entry: Entry) -> Entry {
        var entry = entry
        if case .inline(let extents) = entry.content {
            entry.content = .inline(
                extents.enumerated().map { number, extent in
                    extent.isHole ? extent : .chunk(Self.reference(number), offset: 1, length: 4)
                }
            )
            if entry.path.count % 5 == 0 {
                entry.content = .tree(root: Self.reference(entry.path.count % 2), level: entry.path.count % 2)
            }
        }
        if case .stored(let hash, _, _) = entry.attributes {
            let extent = Extent.chunk(Self.reference(2), offset: 0, length: 40)
            entry.attributes = .stored(hash: hash, extents: [extent], byteCount: 40)
        }
        return entry
    }

    /// Adds the end of each directory.
    private func withEnds(_ entries: [Entry]) -> [Entry] {
        var open: [[UInt8]] = []
        var result: [Entry] = []
        func close(_ path: [UInt8]?) {
            while let last = open.last, path.map({ !PathOrder.isPath($0, atOrBelow: last) }) ?? true {
                result.append(Entry(path: last, kind: .directoryEnd))
                open.removeLast()
            }
        }
        for entry in entries {
            close(entry.path)
            result.append(entry)
            if entry.kind == .directory { open.append(entry.path) }
        }
        close(nil)
        return result
    }

    private func leaf(_ entries: [Entry]) throws -> [UInt8] {
        try ForgedPage.leaf(
            entries.map { entry in
                var fields: [UInt8] = []
                try entry.appendFields(to: &fields)
                return ForgedPage.Item(path: entry.path, kind: entry.kind.rawValue, fields: fields)
            }
        )
    }

    private func inner(level: UInt8, children: [Int]) -> [UInt8] {
        [PageForge.Kind.manifest.rawValue]
            + ForgedPage.inner(
                children.map { ForgedPage.Child(path: Array("x".utf8), id: Self.reference($0)) },
                level: level
            )
    }
}
