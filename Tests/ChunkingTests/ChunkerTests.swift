import Chunking
import Cryptography
import TestSupport
import Testing

struct ChunkerTests {
    static let kinds: [ChunkerParameters.Kind] = [.fast, .prf, .fixed]

    @Test(arguments: kinds, [1, 63, 64, 511, 512, 513, 1024, 4095, 4096, 4097, 50_001])
    func chunksRejoinAndKeepTheirBounds(kind: ChunkerParameters.Kind, size: Int) throws {
        var random = SeededGenerator(seed: UInt64(size))
        let parameters = try small(kind)
        let cuts = try cuts(of: random.bytes(size), parameters, key: 1)
        #expect(cuts.last == size)
        #expect(lengths(of: cuts).allSatisfy { 1...parameters.maximum ~= $0 })
        #expect(lengths(of: cuts).dropLast().allSatisfy { $0 >= parameters.minimum })
    }

    @Test(
        arguments: [ChunkerParameters.Kind.fast, .prf],
        [(512, 1024, 4096), (64, 128, 300), (64, 4096, 5000), (901, 1024, 1300)]
    )
    func cutsWhereTheSpecificationSays(kind: ChunkerParameters.Kind, sizes: (Int, Int, Int)) throws {
        let parameters = try ChunkerParameters(kind: kind, minimum: sizes.0, average: sizes.1, maximum: sizes.2)
        for seed in 1...3 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            // Bytes of few values repeat windows and give both lanes and all tails work.
            let data = random.bytes(9000).map { seed == 2 ? $0 & 1 : $0 }
            #expect(
                try cuts(of: data, parameters, key: UInt8(seed))
                    == ReferenceChunker.cuts(of: data, parameters, key: UInt8(seed))
            )
        }
    }

    @Test(arguments: kinds)
    func whatFollowsTheMaximumDoesNotMatter(kind: ChunkerParameters.Kind) throws {
        let parameters = try small(kind)
        var random = SeededGenerator(seed: 11)
        let data = random.bytes(60_000)
        var chunker = try Chunker(parameters: parameters, key: makeKey(2))
        for start in stride(from: 0, to: 50_000, by: 997) {
            let all = try chunker.firstCut(in: unsafe data.span.bytes.extracting(start..<data.count))
            let enough = start + parameters.maximum
            #expect(try chunker.firstCut(in: unsafe data.span.bytes.extracting(start..<enough)) == all)
            #expect(try chunker.firstCut(in: unsafe data.span.bytes.extracting(start..<enough + 13)) == all)
        }
    }

    @Test(arguments: [ChunkerParameters.Kind.fast, .prf])
    func anInsertionChangesFewChunks(kind: ChunkerParameters.Kind) throws {
        var random = SeededGenerator(seed: 12)
        let old = random.bytes(200_000)
        let new = Array(old[..<1000]) + random.bytes(7) + Array(old[1000...])
        let parameters = try small(kind)
        func chunks(_ data: [UInt8]) throws -> [ArraySlice<UInt8>] {
            let cuts = try cuts(of: data, parameters, key: 3)
            return zip([0] + cuts, cuts).map { data[$0..<$1] }
        }
        let known = Set(try chunks(old))
        let changed = try chunks(new).filter { !known.contains($0) }
        #expect(1...8 ~= changed.count)
        #expect(known.count > 150)
    }

    @Test(arguments: [ChunkerParameters.Kind.fast, .prf], [(512, 1024, 4096), (256, 1024, 8192), (64, 1024, 2048)])
    func lengthsGatherAroundTheAverage(kind: ChunkerParameters.Kind, sizes: (Int, Int, Int)) throws {
        let parameters = try ChunkerParameters(kind: kind, minimum: sizes.0, average: sizes.1, maximum: sizes.2)
        var random = SeededGenerator(seed: 13)
        let all = lengths(of: try cuts(of: random.bytes(1 << 20), parameters, key: 4))
        let mean = Double(all.reduce(0, +)) / Double(all.count)
        // Some 1,000 lengths with a deviation of half their mean: 0.016 of it for the mean; the rule itself errs by 0.04.
        #expect(abs(mean / 1024 - 1) < 0.08, "the mean is \(mean)")
        let near = all.count { 1024 / 2...1024 * 2 ~= $0 }
        #expect(Double(near) > 0.8 * Double(all.count))
        #expect(Set(all).count > all.count / 3)
    }

    @Test
    func constantDataGivesLongOrShortChunksButEnds() throws {
        for kind in Self.kinds {
            let parameters = try small(kind)
            let all = lengths(of: try cuts(of: [UInt8](repeating: 0, count: 100_000), parameters, key: 5))
            // Windows that are all alike decide all alike, on each side of the turning point.
            #expect(Set(all.dropLast()).count == 1)
        }
    }

    @Test
    func refusesNoBytesAndKeysOfOtherLengths() throws {
        for kind in Self.kinds {
            let parameters = try small(kind)
            var chunker = try Chunker(parameters: parameters, key: makeKey(1))
            let nothing: [UInt8] = []
            #expect(throws: ChunkingError.self) { try chunker.firstCut(in: unsafe nothing.span.bytes) }
            for count in [0, 16, 31, 33] {
                #expect(throws: ChunkingError.self) {
                    _ = try Chunker(parameters: parameters, key: makeKey(1, count: count))
                }
            }
        }
    }

    /// Frozen, for repositories rely on them to deduplicate; computed by a second implementation in another language.
    ///
    /// The key is 0, 1, … 31, the data SplitMix64 of the seed 2026.
    @Test
    func goldenCutPoints() throws {
        var random = SeededGenerator(seed: 2026)
        let data = random.bytes(12_000)
        let fast = [1382, 2693, 3517, 5186, 6765, 7615, 8460, 9569, 10528, 11806, 12_000]
        #expect(try cuts(of: data, small(.fast), key: 0) == fast)
        let prf = [1085, 2079, 3332, 4250, 5300, 5941, 6745, 7546, 8715, 9545, 10362, 11716, 12_000]
        #expect(try cuts(of: data, small(.prf), key: 0) == prf)
        #expect(try cuts(of: data, small(.fixed), key: 0) == Array(stride(from: 1024, to: 12_000, by: 1024)) + [12_000])
        let more = random.bytes(200_000)
        #expect(try cuts(of: more, .databases, key: 0) == [28_000, 61_184, 125_515, 160_823, 191_207, 200_000])
    }
}
