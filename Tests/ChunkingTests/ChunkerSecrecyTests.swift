import Chunking
import TestSupport
import Testing

/// What somebody who sees chunk lengths, but lacks the key, can tell: no more than chance would.
struct ChunkerSecrecyTests {
    static let dataByteCount = 1 << 18

    @Test(arguments: [ChunkerParameters.Kind.fast, .prf])
    func cutsUnderDifferentKeysAgreeByChance(kind: ChunkerParameters.Kind) throws {
        let parameters = try small(kind)
        var random = SeededGenerator(seed: 21)
        let data = random.bytes(Self.dataByteCount)
        let all = try (0..<8).map { try cuts(of: data, parameters, key: $0 * 32).dropLast() }
        var agreed = 0
        var expected = 0.0
        for (index, some) in all.enumerated() {
            for others in all[(index + 1)...] {
                agreed += Set(some).intersection(others).count
                expected += Double(some.count * others.count) / Double(Self.dataByteCount)
            }
        }
        // The first cuts lie in one narrow range and agree somewhat more often; hence 6 deviations.
        #expect(abs(Double(agreed) - expected) < 6 * expected.squareRoot(), "\(agreed) agree, \(expected) by chance")
    }

    /// The attack on chunk lengths: cut the suspected file under keys of one's own and compare with what was seen.
    @Test
    func lengthsDoNotTellWhichFileItWas() throws {
        let parameters = try small(.prf)
        var random = SeededGenerator(seed: 22)
        let stored = random.bytes(Self.dataByteCount)
        let other = random.bytes(Self.dataByteCount)
        let seen = try cuts(of: stored, parameters, key: 7)
        let seenCuts = Set(seen.dropLast())
        let seenLengths = Set(lengths(of: seen))
        var cutScores = (stored: 0, other: 0)
        var lengthScores = (stored: 0, other: 0)
        for key in [50, 90, 130, 170, 210] as [UInt8] {
            let (right, wrong) = (try cuts(of: stored, parameters, key: key), try cuts(of: other, parameters, key: key))
            cutScores.stored += seenCuts.intersection(right).count
            cutScores.other += seenCuts.intersection(wrong).count
            lengthScores.stored += seenLengths.intersection(lengths(of: right)).count
            lengthScores.other += seenLengths.intersection(lengths(of: wrong)).count
        }
        for (stored, other) in [cutScores, lengthScores] {
            #expect(abs(Double(stored - other)) < 4 * Double(stored + other + 1).squareRoot(), "\(stored) and \(other)")
        }
    }

    /// No pre-filter: a function of the window that decides before the cipher would show in the bytes before cuts.
    ///
    /// Every byte value must be as frequent there as anywhere; a filter of k bits over any one byte changes that 2^k
    /// fold. That every position is evaluated, and nothing else decides, is what the plain reference shows.
    @Test
    func bytesBeforeCutsAreLikeAnyBytes() throws {
        let parameters = try ChunkerParameters(kind: .prf, minimum: 64, average: 128, maximum: 1024)
        var random = SeededGenerator(seed: 23)
        let data = random.bytes(1 << 19)
        let cuts = try cuts(of: data, parameters, key: 8).dropLast()
        for age in [1, 2, 8, 32, 64] {
            var counts = [Int](repeating: 0, count: 16)
            for cut in cuts { counts[Int(data[cut - age] >> 4)] += 1 }
            let expected = Double(cuts.count) / 16
            let chiSquared = counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
            // 15 degrees of freedom: 44 is exceeded once in ten thousand times.
            #expect(chiSquared < 44, "at age \(age)")
        }
    }
}
