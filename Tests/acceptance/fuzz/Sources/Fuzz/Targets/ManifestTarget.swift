import Cryptography
import Records

@testable import ManifestSamples
@testable import Repository
@testable import Snapshots

/// Trees of manifest pages: listing, jumping, passing over, comparing.
final class ManifestTarget: FuzzTarget {
    static let name = "manifest"
    static let parsers = [
        "Snapshots/Manifest/Entry+Decoding.swift", "Snapshots/Manifest/Entry+Validation.swift",
        "Snapshots/Manifest/EntryDigester.swift", "Snapshots/Manifest/InnerPage.swift",
        "Snapshots/Manifest/LeafPage.swift", "Snapshots/Manifest/ManifestCursor.swift",
        "Snapshots/Manifest/ManifestDiff.swift", "Snapshots/Manifest/OpenDirectories.swift",
        "Snapshots/Manifest/PageClaims.swift", "Snapshots/Manifest/PageHeader.swift",
        "Snapshots/Manifest/PathOrder.swift", "Snapshots/Manifest/PathSequence.swift",
    ]
    static let options = ["-max_len=8192"]
    static func shape(of input: [UInt8]) -> InputShape { .head(1, .block(.bytes, then: .blocks(.page))) }

    private static let mostEntries = 20_000

    /// One byte of flags, a block of operations, then pages as `PageForge` takes them, the root last.
    func run(_ input: [UInt8]) throws {
        var input = InputReader(input)
        let flags = input.byte()
        let operations = input.block()
        let pages = ManifestPages()
        var forge = PageForge { try pages.store($0, type: $1) }
        while !input.isAtEnd, forge.pages.count < 24 { try forge.add(input.block()) }
        let candidates = forge.pages(.manifest)
        guard let root = candidates.last else { return }
        func open(_ page: PageForge.Page, verifies: Bool) throws -> ManifestCursor {
            if flags & 1 == 0, let summary = page.summary {
                let root = ManifestRoot(
                    id: page.id,
                    level: page.level,
                    digest: summary.digest,
                    entryCount: summary.entries,
                    contentBytes: summary.contentBytes
                )
                return try ManifestCursor(root: root, source: pages, verifyDigests: verifies)
            }
            let reference = PageReference(chunk: page.id, level: UInt64(page.level))
            return try ManifestCursor(page: reference, digest: nil, source: pages, verifyDigests: verifies)
        }
        let listing = try attempt { try list(open(root, verifies: false)) }
        let verified = try attempt { try list(open(root, verifies: true)) }
        if let verified {
            try require(listing == verified, "a manifest with right digests reads otherwise when they are verified")
            try rebuild(verified)
        }
        var steps = InputReader(operations)
        while !steps.isAtEnd {
            switch steps.choice(3) {
            case 0: try seek(&steps, { try open(root, verifies: false) }, listing)
            case 1: try skip(&steps, { try open(root, verifies: true) }, listing)
            default:
                let other = candidates[steps.choice(candidates.count)]
                try compare(
                    { try ManifestDiff(from: open(other, verifies: false), to: open(root, verifies: false)) },
                    try attempt { try self.list(open(other, verifies: true)) },
                    verified
                )
            }
        }
    }

    /// All entries; order and nesting are checked here by their definition.
    private func list(_ cursor: ManifestCursor) throws -> [Entry] {
        var entries: [Entry] = []
        var open: [[UInt8]] = []
        while let entry = try cursor.next() {
            try PathOrder.validate(entry.path)
            try entry.validate()
            if let last = entries.last {
                try require(
                    PathOrder.compare(last.path, last.kind, entry.path, entry.kind) < 0,
                    "entries out of order: \(printable(last.path)), \(printable(entry.path))"
                )
            }
            if entry.kind == .directoryEnd {
                try require(open.popLast() == entry.path, "an end without its directory: \(printable(entry.path))")
            } else {
                let parent = entry.path.lastIndex(of: 0x2F).map { Array(entry.path[..<$0]) } ?? []
                try require(open.last ?? [] == parent, "an entry outside of its directory: \(printable(entry.path))")
            }
            if entry.kind == .directory { open.append(entry.path) }
            entries.append(entry)
            try require(entries.count < Self.mostEntries, "more entries than the input can hold")
        }
        try require(open.isEmpty, "a directory without an end")
        return entries
    }

    /// What was read can be written again, and is the same.
    private func rebuild(_ entries: [Entry]) throws {
        let pages = ManifestPages()
        let builder = try ManifestBuilder(sink: pages)
        for entry in entries { try builder.add(entry) }
        let root = try builder.finish()
        let again = try list(ManifestCursor(root: root, source: pages, verifyDigests: true))
        try require(again == entries, "a manifest changes when it is written and read")
    }

    /// A jump arrives at the first entry that is not before the path.
    private func seek(_ steps: inout InputReader, _ open: () throws -> ManifestCursor, _ listing: [Entry]?) throws {
        var path = steps.take(steps.choice(12))
        if let listing, !listing.isEmpty, steps.byte() % 2 == 0 { path = listing[steps.choice(listing.count)].path }
        let found = try attempt {
            let cursor = try open()
            if steps.byte() % 2 == 0 { _ = try cursor.next() }
            try cursor.seek(to: path)
            return try (cursor.next(), cursor.next())
        }
        guard let listing else { return }
        guard let found else { throw Finding(message: "a jump fails in a manifest that can be listed") }
        let index = listing.firstIndex {
            PathOrder.compare($0.path, isEnd: $0.kind == .directoryEnd, path, isEnd: false) >= 0
        }
        let rest = index.map { listing[$0...] } ?? []
        try require(found.0 == rest.first && found.1 == rest.dropFirst().first, "a jump to \(printable(path)) misses")
    }

    /// After a directory that is passed over comes its end.
    private func skip(_ steps: inout InputReader, _ open: () throws -> ManifestCursor, _ listing: [Entry]?) throws {
        var choices: [Bool] = (0..<8).map { _ in false }
        for index in choices.indices { choices[index] = steps.byte() % 2 == 0 }
        var passed: [Entry] = []
        let isWhole = try accepts {
            let cursor = try open()
            var number = 0
            while let entry = try cursor.next() {
                passed.append(entry)
                guard entry.kind == .directory else { continue }
                if choices[number % choices.count] {
                    try cursor.skipSubtree()
                    let end = try cursor.next()
                    try require(
                        end?.kind == .directoryEnd && end?.path == entry.path,
                        "no end after what was passed over"
                    )
                    passed += end.map { [$0] } ?? []
                }
                number += 1
            }
        }
        guard let listing, isWhole else { return }
        let names = Set(passed.map(\.path))
        try require(
            passed
                == listing.filter { entry in
                    names.contains(entry.path) && passed.contains(entry)
                },
            "passing over directories shows other entries"
        )
    }

    /// A comparison finds what a comparison of the listings finds.
    private func compare(_ open: () throws -> ManifestDiff, _ old: [Entry]?, _ new: [Entry]?) throws {
        let changes = try attempt {
            let diff = try open()
            var count = 0
            while try diff.next() != nil { count += 1 }
            return count
        }
        guard let old, let new else { return }
        func table(_ entries: [Entry]) -> [[UInt8]: Entry] {
            Dictionary(entries.filter { $0.kind != .directoryEnd }.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
        }
        let (left, right) = (table(old), table(new))
        let changed = left.count { path, entry in right[path].map { !entry.aspects(changedIn: $0).isEmpty } ?? true }
        let added = right.count { left[$0.key] == nil }
        try require(changes == changed + added, "a comparison finds \(changes ?? -1) changes of \(changed + added)")
    }

    func seeds() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        for round in 0..<12 {
            var samples = TreeSamples(seed: UInt64(60 + round))
            let parts = try samples.parts(
                entryCount: [0, 1, 4, 12, 30][round % 5],
                leafLength: [3, 100, 6][round % 3],
                isDeep: round % 2 == 0
            )
            for flag in [PageForge.Flag.claims, PageForge.Flag.ends, PageForge.Flag.contents] {
                var input = InputWriter()
                input.byte(UInt8(round % 2))
                input.block([0, 1, 0x61, 1])
                for part in TreeSamples.flagged(parts, flag) { input.block(part) }
                seeds.append(input.bytes)
            }
            for operations in [[], [0, 1, 0x61, 0, 1, 0], [1, 0, 1, 0, 0, 0, 0, 0, 0], [2, 0, 2, 1]] as [[UInt8]] {
                var input = InputWriter()
                input.byte(UInt8(operations.count % 2))
                input.block(operations)
                for part in parts { input.block(part) }
                seeds.append(input.bytes)
            }
        }
        for mistake in 0..<3 {
            for operations in [[], [0, 1, 0x63, 1]] as [[UInt8]] {
                var input = InputWriter()
                input.byte(UInt8(mistake % 2))
                input.block(operations)
                for part in TreeSamples.wrongClaims(mistake) { input.block(part) }
                seeds.append(input.bytes)
            }
        }
        for operations in [[2, 6], [2, 7], [2, 6, 2, 5]] as [[UInt8]] {
            var input = InputWriter()
            input.byte(0)
            input.block(operations)
            for part in TreeSamples.differingTrees() { input.block(part) }
            seeds.append(input.bytes)
        }
        return seeds.filter { $0.count <= 8192 }
    }
}
