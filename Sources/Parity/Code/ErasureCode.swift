internal import CISAL

/// A systematic Reed–Solomon code over GF(2⁸) (polynomial 0x11d): of k data and m parity columns any k suffice.
///
/// Parity column i is the sum over all data columns j of data j times 1 / ((k + i) ⊕ j): a Cauchy matrix, of which every
/// square part can be inverted (format.md §14.2).
package struct ErasureCode: ~Copyable {
    /// Columns of both sorts, at most: elements of the field but one.
    package static let mostColumns = 255
    /// Bytes are treated in units of so many.
    package static let unit = 64

    /// Data columns.
    package let dataCount: Int
    /// Parity columns.
    package let parityCount: Int
    private var tables: [UInt8]

    /// Makes a code.
    ///
    /// - Precondition: both counts are 1 or more, and at most 255 together.
    package init(dataCount: Int, parityCount: Int) {
        precondition(dataCount > 0 && parityCount > 0 && dataCount + parityCount <= Self.mostColumns)
        self.dataCount = dataCount
        self.parityCount = parityCount
        var matrix: [UInt8] = []
        matrix.reserveCapacity(dataCount * parityCount)
        for row in 0..<parityCount {
            for column in 0..<dataCount { matrix.append(Self.coefficient(row, column, dataCount)) }
        }
        tables = [UInt8](repeating: 0, count: 32 * dataCount * parityCount)
        unsafe tables.withUnsafeMutableBufferPointer { tables in
            unsafe matrix.withUnsafeMutableBufferPointer { matrix in
                unsafe ec_init_tables(Int32(dataCount), Int32(parityCount), matrix.baseAddress, tables.baseAddress)
            }
        }
    }

    private static func coefficient(_ row: Int, _ column: Int, _ dataCount: Int) -> UInt8 {
        gf_inv(UInt8(truncatingIfNeeded: (dataCount + row) ^ column))
    }

    /// Adds a stretch of a data column to the same stretch of all parity columns.
    ///
    /// - Parameters:
    ///   - data: the stretch; its length is a multiple of `unit`.
    ///   - parity: holds the parity columns, `stride` bytes from one to the next.
    ///   - offset: where the stretch begins in each of them.
    package mutating func add(
        _ data: RawSpan,
        ofColumn column: Int,
        to parity: inout [UInt8],
        stride: Int,
        at offset: Int
    ) {
        precondition(column >= 0 && column < dataCount && data.byteCount % Self.unit == 0 && offset >= 0)
        precondition(offset + data.byteCount <= stride && parity.count >= parityCount * stride)
        let count = Int32(data.byteCount)
        let (dataCount, parityCount) = (Int32(self.dataCount), Int32(self.parityCount))
        unsafe data.withUnsafeBytes { data in
            unsafe parity.withUnsafeMutableBufferPointer { parity in
                unsafe tables.withUnsafeMutableBufferPointer { tables in
                    guard let base = parity.baseAddress else { return }
                    guard let source = unsafe data.bindMemory(to: UInt8.self).baseAddress else { return }
                    var columns: [UnsafeMutablePointer<UInt8>?] = unsafe (0..<Int(parityCount)).map {
                        unsafe base + $0 * stride + offset
                    }
                    // The library only reads through this pointer.
                    unsafe ec_encode_data_update(
                        count,
                        dataCount,
                        parityCount,
                        Int32(column),
                        tables.baseAddress,
                        UnsafeMutablePointer(mutating: source),
                        &columns
                    )
                }
            }
        }
    }

    /// Finds what stood in erased data columns.
    ///
    /// - Parameters:
    ///   - dataCount: the data columns of the code.
    ///   - columns: the erased data columns.
    ///   - rows: as many parity columns that are intact.
    ///   - sums: for each of these rows, its bytes plus what all columns but the erased ones add to it.
    /// - Returns: the bytes of each erased column.
    package static func solve(dataCount: Int, columns: [Int], rows: [Int], sums: [[UInt8]]) -> [[UInt8]] {
        let size = columns.count
        precondition(size > 0 && rows.count == size && sums.count == size)
        let length = sums[0].count
        var matrix: [UInt8] = []
        for row in rows { for column in columns { matrix.append(coefficient(row, column, dataCount)) } }
        var inverse = [UInt8](repeating: 0, count: size * size)
        var tables = [UInt8](repeating: 0, count: 32 * size * size)
        var input = Array(sums.joined())
        var output = [UInt8](repeating: 0, count: size * length)
        precondition(input.count == output.count)
        unsafe matrix.withUnsafeMutableBufferPointer { matrix in
            unsafe inverse.withUnsafeMutableBufferPointer { inverse in
                let status = unsafe gf_invert_matrix(matrix.baseAddress, inverse.baseAddress, Int32(size))
                precondition(status == 0, "every square part of a Cauchy matrix can be inverted")
            }
        }
        unsafe inverse.withUnsafeMutableBufferPointer { inverse in
            unsafe tables.withUnsafeMutableBufferPointer { tables in
                unsafe ec_init_tables(Int32(size), Int32(size), inverse.baseAddress, tables.baseAddress)
            }
        }
        unsafe input.withUnsafeMutableBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output in
                unsafe tables.withUnsafeMutableBufferPointer { tables in
                    guard let from = input.baseAddress, let to = output.baseAddress else { return }
                    var sources: [UnsafeMutablePointer<UInt8>?] = unsafe (0..<size).map { unsafe from + $0 * length }
                    var targets: [UnsafeMutablePointer<UInt8>?] = unsafe (0..<size).map { unsafe to + $0 * length }
                    unsafe ec_encode_data(
                        Int32(length),
                        Int32(size),
                        Int32(size),
                        tables.baseAddress,
                        &sources,
                        &targets
                    )
                }
            }
        }
        return (0..<size).map { Array(output[($0 * length)..<(($0 + 1) * length)]) }
    }
}

/// The checksum of a block: CRC-32C (RFC 3720, appendix B.4).
package func blockChecksum(_ bytes: RawSpan) -> UInt32 {
    unsafe bytes.withUnsafeBytes { bytes in
        guard let base = unsafe bytes.bindMemory(to: UInt8.self).baseAddress else { return 0 }
        // The library only reads through this pointer.
        return ~(unsafe crc32_iscsi(UnsafeMutablePointer(mutating: base), Int32(bytes.count), ~0))
    }
}
