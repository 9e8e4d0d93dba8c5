import Parity
import TestSupport
import Testing

@Suite struct ErasureCodeTests {
    /// Multiplication in GF(2⁸) with the polynomial 0x11d, by its definition.
    private func times(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var (left, right, product) = (UInt16(left), right, UInt16(0))
        while right > 0 {
            if right & 1 == 1 { product ^= left }
            left <<= 1
            if left & 0x100 != 0 { left ^= 0x11d }
            right >>= 1
        }
        return UInt8(product)
    }

    private func inverse(_ value: UInt8) -> UInt8 { (1...255).first { times(value, $0) == 1 } ?? 0 }

    private func encode(_ data: [[UInt8]], parityCount: Int) -> [[UInt8]] {
        let length = data[0].count
        var code = ErasureCode(dataCount: data.count, parityCount: parityCount)
        var parity = [UInt8](repeating: 0, count: parityCount * length)
        for (column, bytes) in data.enumerated() {
            // In two stretches.
            let cut = length / 128 * 64
            for range in [0..<cut, cut..<length] where !range.isEmpty {
                unsafe code.add(
                    bytes.span.bytes.extracting(range),
                    ofColumn: column,
                    to: &parity,
                    stride: length,
                    at: range.lowerBound
                )
            }
        }
        return (0..<parityCount).map { Array(parity[($0 * length)..<(($0 + 1) * length)]) }
    }

    @Test func parityIsThatOfTheFormatPage() {
        var random = SeededGenerator(seed: 0xec_01)
        for (dataCount, parityCount) in [(1, 1), (3, 2), (20, 5), (127, 127), (242, 13)] {
            let data = (0..<dataCount).map { _ in random.bytes(64) }
            let parity = encode(data, parityCount: parityCount)
            for row in 0..<parityCount {
                for index in [0, 31, 63] {
                    var sum: UInt8 = 0
                    for column in 0..<dataCount {
                        sum ^= times(data[column][index], inverse(UInt8(dataCount + row) ^ UInt8(column)))
                    }
                    #expect(parity[row][index] == sum)
                }
            }
        }
    }

    @Test func anyColumnsAsManyAsParityMayBeLost() {
        var random = SeededGenerator(seed: 0xec_02)
        for (dataCount, parityCount) in [(1, 1), (4, 4), (20, 1), (100, 7), (127, 127), (241, 14)] {
            let length = 192
            let data = (0..<dataCount).map { _ in random.bytes(length) }
            let parity = encode(data, parityCount: parityCount)
            for _ in 0..<4 {
                let lost = Array((0..<dataCount).shuffled(using: &random).prefix(min(dataCount, parityCount))).sorted()
                let rows = Array((0..<parityCount).shuffled(using: &random).prefix(lost.count))
                var known = data
                for column in lost { known[column] = [UInt8](repeating: 0, count: length) }
                let others = encode(known, parityCount: parityCount)
                let sums = rows.map { row in zip(parity[row], others[row]).map { $0 ^ $1 } }
                let solved = ErasureCode.solve(dataCount: dataCount, columns: lost, rows: rows, sums: sums)
                #expect(solved == lost.map { data[$0] })
            }
        }
    }

    @Test func theChecksumIsThatOfTheStandard() {
        #expect(unsafe blockChecksum(Array("123456789".utf8).span.bytes) == 0xe306_9283)
        #expect(unsafe blockChecksum([UInt8](repeating: 0, count: 32).span.bytes) == 0x8a91_36aa)
    }

    @Test func aShapeLetsAnyOneObjectBeLost() throws {
        var random = SeededGenerator(seed: 0xec_03)
        for percent in [1, 5, 10, 50, 100] {
            for _ in 0..<40 {
                let counts = (0..<Int.random(in: 1...60, using: &random)).map { _ in
                    Int.random(in: 1...3000, using: &random)
                }
                let shape = try #require(ParityShape.choose(blockCounts: counts, blockLength: 512, percent: percent))
                #expect(shape.dataBlocks >= counts.reduce(0, +))
                #expect(shape.parityColumns * 100 >= shape.dataColumns * percent)
                var start = 0
                for count in counts {
                    var hits = [Int](repeating: 0, count: shape.stripes)
                    for block in start..<(start + count) { hits[block % shape.stripes] += 1 }
                    #expect(hits.max() ?? 0 <= shape.parityColumns)
                    start += count
                }
            }
        }
        // Twenty equal packs take little more than five per cent.
        let twenty = try #require(
            ParityShape.choose(blockCounts: Array(repeating: 40_000, count: 20), blockLength: 512, percent: 5)
        )
        #expect(Double(twenty.parityColumns) / Double(twenty.dataColumns) < 0.06)
    }
}
