import Cryptography
import FileSystem
import Records

@testable import RecordSamples
@testable import Repository

/// Index tables of the local cache, which may be damaged.
final class TableTarget: FuzzTarget {
    static let name = "table"
    static let parsers = [
        "Repository/Index/IndexTable.swift", "Repository/Index/IndexTableWriter.swift",
        "Repository/Index/LocalIndex.swift",
    ]
    static let options = ["-max_len=2048"]

    /// Four counts, a block of entries of the fan-out, then packs, entries, bases and fragments.
    func run(_ input: [UInt8]) throws {
        var input = InputReader(input)
        let mode = input.byte()
        let counts = (0..<4).map { _ in mode & 1 == 0 ? UInt64(input.byte()) : input.integer(4) }
        var fan = InputReader(input.block())
        var bytes = IndexTable.magic
        for count in counts { bytes.appendLittleEndian(count) }
        bytes += [UInt8](repeating: 0, count: IndexTable.headerLength - bytes.count)
        // All chunks stand behind the first slot, unless the input says otherwise.
        let rest = input.remainder()
        bytes += [0, 0, 0, 0]
        bytes += Self.fanOut(mode & 2 == 0 ? UInt32(truncatingIfNeeded: counts[1]) : 0)
        while !fan.isAtEnd { Self.set(UInt32(fan.integer(4)), Int(fan.integer(2)), &bytes) }
        bytes += rest
        if mode & 4 == 0 {
            let length = counts[0] &* 48 &+ counts[1] &* 56 &+ (counts[2] &+ counts[3]) &* 32
            bytes += [UInt8](repeating: 0, count: max(0, Int(min(length, 1 << 20)) - rest.count))
        }
        let first = try map(bytes)
        guard let first else { return }
        try check(first)
        try checkIndex(first)
        // Writing a table takes longer than all the rest.
        if mode & 8 != 0 { try checkMerge(first) }
    }

    /// The same value behind all slots.
    private static func fanOut(_ value: UInt32) -> [UInt8] {
        let words = [UInt32](repeating: value.littleEndian, count: IndexTable.fanOut + 1)
        return unsafe words.withUnsafeBytes { unsafe Array($0) }
    }

    private static func set(_ value: UInt32, _ slot: Int, _ bytes: inout [UInt8]) {
        for index in 0..<4 {
            bytes[IndexTable.headerLength + slot * 4 + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
        }
    }

    private func map(_ bytes: [UInt8]) throws -> IndexTable? {
        let file = try Descriptor.anonymousMemory(named: "fuzz")
        defer { try? file.close() }
        try unsafe file.write(bytes.span.bytes, at: 0)
        return IndexTable(map: try MappedFile(file))
    }

    private func check(_ table: IndexTable) throws {
        try require(table.fragments().count == table.fragmentCount, "fragments are lost")
        for number in 0..<table.packCount {
            _ = table.packReference(number)
            _ = table.packShape(number)
        }
        for position in 0..<table.entryCount {
            let id = table.id(at: position)
            if let found = table.position(of: id) { try require(table.id(at: found) == id, "another chunk was found") }
            guard let location = try attempt({ try table.location(at: position) }) else { continue }
            try require(table.pack(at: position) < table.packCount, "a chunk lies in a pack that is not there")
            try require(location.entry.id == id, "a chunk changes its id")
            try require(
                location.entry.plainLength <= FormatBounds.plainChunk
                    && location.entry.compressedLength <= FormatBounds.compressedChunk,
                "a chunk of \(location.entry.plainLength) bytes passes"
            )
        }
    }

    private func checkIndex(_ table: IndexTable) throws {
        let index = LocalIndex(reusable: [table], others: [table])
        var present: [ObjectHash: UInt64] = [:]
        for (number, pack) in index.packs().enumerated() where number % 2 == 0 { present[pack.name] = pack.byteCount }
        _ = index.noteMissing(present: present)
        for position in 0..<min(table.entryCount, 64) {
            let id = table.id(at: position)
            try attempt { try index.locations(of: id) }
            _ = index.isReusable(id)
            _ = index.reserve(id)
        }
        let referred = Set(index.packsReferredTo())
        try require(referred.isSubset(of: Set(index.packs())), "a run refers to packs that are not there")
    }

    /// Merged with itself, a sound table finds what it found before.
    private func checkMerge(_ table: IndexTable) throws {
        let file = try Descriptor.anonymousMemory(named: "fuzz")
        defer { try? file.close() }
        guard try attempt({ try IndexTableWriter.merge([table, table], to: file) }) != nil else { return }
        guard let merged = IndexTable(map: try MappedFile(file)) else { throw Finding(message: "a table is not whole") }
        try require(merged.entryCount <= 2 * table.entryCount, "merging makes chunks")
    }

    func seeds() throws -> [[UInt8]] {
        var source = try RecordSource(seed: 58)
        var seeds: [[UInt8]] = []
        for round in 0..<6 {
            var input = InputWriter()
            input.byte(round % 2 == 0 ? 8 : 0)
            let entries = round * 2
            for count in [2, entries, 1, round] { input.byte(UInt8(count)) }
            input.block([])
            for number in 0..<2 {
                input.raw(try source.digest().bytes)
                input.integer(1 << 20, 8)
                input.integer(300, 4)
                input.integer(UInt64(number + 1), 4)
            }
            let ids = try (0..<entries).map { _ in
                var bytes = try source.digest().bytes
                // In the first slot, behind which all entries of a seed stand.
                bytes[0] = 0
                bytes[1] = 0
                return bytes
            }
            for (number, id) in ids.sorted(by: { $0.lexicographicallyPrecedes($1) }).enumerated() {
                input.raw(id)
                input.integer(UInt64(number % 2), 4)
                input.integer(UInt64(300 + 100 * number), 4)
                input.integer(900, 4)
                input.integer(84, 4)
                let isDelta = number % 3 == 2
                input.integer(isDelta ? 1 : 0, 4)
                input.integer(isDelta ? 0x301 : 0x201, 4)
            }
            input.raw(try source.digest().bytes)
            for _ in 0..<round { input.raw(try source.digest().bytes) }
            seeds.append(input.bytes)
        }
        return seeds + [[2, 1, 1, 0, 0, 6, 0, 1, 0, 0, 0, 1, 0], [1] + [UInt8](repeating: 0xFF, count: 20)]
    }
}
