/// How the bytes of a group of objects are laid out as columns of a code (format.md §14.2).
package struct ParityShape: Hashable, Sendable {
    /// Bytes of a block, the unit of checksums and of loss: a multiple of 64, 64 to 65,536.
    package var blockLength: Int
    /// Data columns.
    package var dataColumns: Int
    /// Parity columns.
    package var parityColumns: Int
    /// Blocks of a column; block s of all columns together is a stripe.
    package var stripes: Int

    /// Blocks of both sorts, at most: bounds the memory that their checksums take.
    package static let mostBlocks = 1 << 24
    /// Bytes of parity, at most.
    package static let mostParityBytes = 256 << 20

    /// Puts the parts together.
    package init(blockLength: Int, dataColumns: Int, parityColumns: Int, stripes: Int) {
        self.blockLength = blockLength
        self.dataColumns = dataColumns
        self.parityColumns = parityColumns
        self.stripes = stripes
    }

    /// Bytes of a column.
    package var columnLength: Int { stripes * blockLength }
    /// Data blocks, those past the last object among them.
    package var dataBlocks: Int { dataColumns * stripes }
    /// Blocks of both sorts.
    package var blocks: Int { (dataColumns + parityColumns) * stripes }
    /// Bytes of all parity columns.
    package var parityLength: Int { parityColumns * columnLength }
    /// Blocks in a row that may be lost wherever they begin.
    package var withstands: Int { parityColumns * stripes }

    /// Whether the numbers are within the bounds of the format.
    package var isValid: Bool {
        blockLength % ErasureCode.unit == 0 && (64...65_536).contains(blockLength)
            && (1...254).contains(dataColumns) && (1...254).contains(parityColumns)
            && dataColumns + parityColumns <= ErasureCode.mostColumns
            && stripes >= 1 && stripes <= Self.mostBlocks && blocks <= Self.mostBlocks
            && parityLength <= Self.mostParityBytes
    }

    /// The shape with the least parity that is at least so many per cent, and lets any one object be lost.
    ///
    /// An object of L blocks, wherever it begins, has at most ⌈L / stripes⌉ blocks in a stripe.
    ///
    /// - Parameters:
    ///   - blockCounts: the blocks of each object.
    ///   - percent: 1 to 100.
    /// - Returns: `nil` if that exceeds the bounds of the format.
    package static func choose(blockCounts: [Int], blockLength: Int, percent: Int) -> ParityShape? {
        let blocks = max(1, blockCounts.reduce(0, +))
        let longest = max(1, blockCounts.max() ?? 1)
        for columns in stride(from: min(blocks, 254), through: 1, by: -1) {
            let stripes = divided(blocks, columns)
            let parity = max(1, divided(columns * percent, 100), divided(longest, stripes))
            guard columns + parity <= ErasureCode.mostColumns else { continue }
            let shape = ParityShape(
                blockLength: blockLength,
                dataColumns: columns,
                parityColumns: parity,
                stripes: stripes
            )
            return shape.isValid ? shape : nil
        }
        return nil
    }

    static func divided(_ value: Int, _ divisor: Int) -> Int { (value + divisor - 1) / divisor }
}
