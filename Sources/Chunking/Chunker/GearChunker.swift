internal import Cryptography

/// The method `fast`: a gear hash over the last 64 bytes, with a table of 256 secret words.
///
/// The hash of the 64 bytes before a position is the sum of table[byte] · 2^age mod 2^64, age 0 for the last byte. A
/// candidate is a cut point where the most significant bits are zero, the ones that all the window reaches.
struct GearChunker: ~Copyable, Sendable {
    private static let purpose = "holdfast/v1/chunker/fast"
    private static let tableByteCount = 256 * 8

    private let rule: CutRule
    private let table: Secret

    /// Expands the table, 256 little-endian words, from the chunker key.
    init(rule: CutRule, key: borrowing Secret) throws {
        table = try HKDF.expand(key, purpose: Self.purpose, count: Self.tableByteCount)
        self.rule = rule
    }

    /// The first cut point of more bytes than the minimum and at most the maximum; their count where there is none.
    borrowing func firstCut(in bytes: RawSpan) -> Int {
        let count = bytes.byteCount
        let turn = min(rule.turn, count)
        return table.withBytes { table in
            unsafe table.withUnsafeBytes { table in
                unsafe bytes.withUnsafeBytes { bytes in
                    let strict = unsafe scan(bytes, rule.start..<turn, zeroBitCount: rule.strictBitCount, table: table)
                    if strict < turn { return strict }
                    return unsafe scan(bytes, turn..<count, zeroBitCount: rule.easyBitCount, table: table)
                }
            }
        }
    }
}

/// The first length in `candidates` after which the hash begins with so many zero bits; their upper bound if none.
///
/// Candidates must be 64 at least and lie within `bytes`, the table must hold 256 words. Eight bytes a step: what
/// a step waits for is one shift and one addition, all else is independent of the step before.
@inline(never)
private func scan(
    _ bytes: UnsafeRawBufferPointer,
    _ candidates: Range<Int>,
    zeroBitCount: Int,
    table: UnsafeRawBufferPointer
) -> Int {
    guard !candidates.isEmpty, let base = bytes.baseAddress, let table = table.baseAddress else {
        return candidates.upperBound
    }
    @inline(__always) func word(at position: Int) -> UInt64 {
        let byte = unsafe base.load(fromByteOffset: position, as: UInt8.self)
        return unsafe UInt64(littleEndian: table.loadUnaligned(fromByteOffset: Int(byte) &<< 3, as: UInt64.self))
    }

    let limit: UInt64 = 1 << (64 - zeroBitCount)
    // Byte `position` completes the window of the candidate length `position + 1`.
    var position = candidates.lowerBound - 1
    let end = candidates.upperBound - 1
    var hash: UInt64 = 0
    for index in position - 63..<position { hash = (hash &<< 1) &+ word(at: index) }
    while position &+ 8 <= end {
        let one = word(at: position)
        let two = (one &<< 1) &+ word(at: position &+ 1)
        let three = (two &<< 1) &+ word(at: position &+ 2)
        let four = (three &<< 1) &+ word(at: position &+ 3)
        if (hash &<< 1) &+ one < limit { return position &+ 1 }
        if (hash &<< 2) &+ two < limit { return position &+ 2 }
        if (hash &<< 3) &+ three < limit { return position &+ 3 }
        let half = (hash &<< 4) &+ four
        if half < limit { return position &+ 4 }
        let five = word(at: position &+ 4)
        let six = (five &<< 1) &+ word(at: position &+ 5)
        let seven = (six &<< 1) &+ word(at: position &+ 6)
        let eight = (seven &<< 1) &+ word(at: position &+ 7)
        if (half &<< 1) &+ five < limit { return position &+ 5 }
        if (half &<< 2) &+ six < limit { return position &+ 6 }
        if (half &<< 3) &+ seven < limit { return position &+ 7 }
        hash = (hash &<< 8) &+ ((four &<< 4) &+ eight)
        if hash < limit { return position &+ 8 }
        position &+= 8
    }
    while position < end {
        hash = (hash &<< 1) &+ word(at: position)
        position &+= 1
        if hash < limit { return position }
    }
    return candidates.upperBound
}
