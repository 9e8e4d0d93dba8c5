internal import Cryptography

/// The method `prf`: a universal hash of the last 64 bytes, then AES-128, at every candidate length.
///
/// To whoever lacks the key, the cut points of different windows are those of a random function. That holds only
/// because the cipher decides alone: a cheaper test before it would leak its own answer with every cut.
struct KeyedChunker: ~Copyable, Sendable {
    private static let cipherPurpose = "holdfast/v1/chunker/prf/cipher"
    /// How many candidates go through the cipher at once; enough to hide the fixed cost of a call.
    private static let batchCount = 1024

    private let rule: CutRule
    private let tables: ToeplitzTables
    private var permutation: BlockPermutation
    private var blocks: [UInt8]

    /// Expands the tables and the cipher's key from the chunker key.
    init(rule: CutRule, key: borrowing Secret) throws {
        let tables = try ToeplitzTables(key: key)
        let permutation = try BlockPermutation(
            key: HKDF.expand(key, purpose: Self.cipherPurpose, count: BlockPermutation.keyByteCount)
        )
        self.rule = rule
        self.tables = tables
        self.permutation = permutation
        blocks = [UInt8](repeating: 0, count: Self.batchCount * BlockPermutation.blockByteCount)
    }

    /// The first cut point of more bytes than the minimum and at most the maximum; their count where there is none.
    mutating func firstCut(in bytes: RawSpan) throws -> Int {
        var candidate = rule.start
        while candidate < bytes.byteCount {
            // A batch lies on one side of the turning point.
            let limit = candidate < rule.turn ? min(rule.turn, bytes.byteCount) : bytes.byteCount
            let batch = candidate..<min(candidate + Self.batchCount, limit)
            unsafe blocks.withUnsafeMutableBytes { blocks in
                unsafe tables.writeDigests(of: bytes, at: batch, to: blocks)
            }
            try permutation.encrypt(&blocks, count: batch.count * BlockPermutation.blockByteCount)
            let bitCount = candidate < rule.turn ? rule.strictBitCount : rule.easyBitCount
            if let index = unsafe blocks.withUnsafeBytes({ blocks in
                unsafe firstCutPoint(in: blocks, count: batch.count, zeroBitCount: bitCount)
            }) {
                return candidate + index
            }
            candidate = batch.upperBound
        }
        return bytes.byteCount
    }
}

/// The index of the first block whose first eight bytes, little-endian, end with so many zero bits.
private func firstCutPoint(in blocks: UnsafeRawBufferPointer, count: Int, zeroBitCount: Int) -> Int? {
    let mask: UInt64 = (1 << zeroBitCount) - 1
    for index in 0..<count {
        let value = unsafe blocks.loadUnaligned(fromByteOffset: index &* 16, as: UInt64.self)
        if UInt64(littleEndian: value) & mask == 0 { return index }
    }
    return nil
}
