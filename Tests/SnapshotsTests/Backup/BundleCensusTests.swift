import Cryptography
import Records
import TestSupport
import Testing

@testable import Snapshots

/// Which bundles are laid anew.
@Suite struct BundleCensusTests {
    /// A bundle's id by number.
    private func bundle(_ number: Int) -> ChunkID {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        return Digest([UInt8](repeating: 0, count: 28) + bytes) ?? .zero
    }

    @Test func lessThanHalfIsThin() {
        for (used, isThin) in [(1, true), (49, true), (50, false), (51, false), (100, false), (130, false)] {
            var census = BundleCensus()
            census.add(bundle(1), length: UInt64(used)) { 100 }
            #expect(census.finish() == (isThin ? [bundle(1)] : []))
        }
        var odd = BundleCensus()
        odd.add(bundle(1), length: 50) { 101 }
        #expect(odd.finish() == [bundle(1)])
    }

    @Test func whatIsNotIndexedIsLeftAlone() {
        var census = BundleCensus()
        census.add(bundle(1), length: 1) { nil }
        #expect(census.finish().isEmpty)
    }

    /// Against a count that holds everything, with bundles that overlap as files of several ages do.
    @Test(arguments: [8, 17, 1000])
    func agreesWithAFullCount(capacity: Int) {
        var random = SeededGenerator(seed: 41)
        var census = BundleCensus(allowance: .max, capacity: capacity)
        var used: [Int: UInt64] = [:]
        let totals = (0..<500).map { _ in random.next() % 1000 + 1 }
        // While a bundle is in use, at most five others are begun: those of two steps before and after it.
        for number in 0..<500 {
            for _ in 0..<(random.next() % 6) {
                let older = max(0, number - Int(random.next() % 3))
                let length = random.next() % 200 + 1
                used[older, default: 0] += length
                census.add(bundle(older), length: length) { totals[older] }
            }
        }
        let expected = used.filter { $0.value * 2 < totals[$0.key] }.keys
        #expect(Set(census.finish()) == Set(expected.map(bundle)))
    }

    @Test func theAllowanceIsKept() {
        var census = BundleCensus(allowance: 100)
        for number in 0..<10 { census.add(bundle(number), length: 30) { 1000 } }
        let thin = census.finish()
        #expect(thin == [bundle(0), bundle(1), bundle(2)])
        // Their number is bounded too, however little is left in each.
        var many = BundleCensus(allowance: 100, limit: 4)
        for number in 0..<10 { many.add(bundle(number), length: 1) { 1000 } }
        #expect(many.finish().count == 4)
    }
}
