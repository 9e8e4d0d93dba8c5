/// The two digests of one window of 64 bytes, which roll along the data; see `ToeplitzTables`.
struct WindowDigests {
    private typealias Words = SIMD2<UInt64>

    private var words: Words

    /// The digests of the 64 bytes that end at `position`.
    private init(before position: Int, in bytes: UnsafeRawPointer, entries: UnsafeRawPointer) {
        words = .zero
        for index in position &- ToeplitzTables.windowByteCount..<position {
            let entry = unsafe Self.entry(bytes.load(fromByteOffset: index, as: UInt8.self), of: entries)
            words = unsafe timesX() ^ entry.loadUnaligned(as: Words.self)
        }
    }

    /// Writes the digests of each candidate's window, 16 bytes each; the caller answers for all lengths.
    ///
    /// A step waits for the one before it, so two halves of the candidates advance side by side.
    static func write(
        of bytes: UnsafeRawBufferPointer,
        at candidates: Range<Int>,
        to target: UnsafeMutableRawBufferPointer,
        entries: UnsafeRawBufferPointer
    ) {
        guard
            let bytes = bytes.baseAddress, let target = target.baseAddress, let entries = entries.baseAddress,
            !candidates.isEmpty
        else { return }
        let half = candidates.count / 2
        let middle = candidates.lowerBound &+ half
        var early = unsafe WindowDigests(before: candidates.lowerBound, in: bytes, entries: entries)
        var late = unsafe WindowDigests(before: middle, in: bytes, entries: entries)
        for index in 0..<half {
            unsafe early.store(to: target + index &* 16)
            unsafe late.store(to: target + (half &+ index) &* 16)
            unsafe early.roll(over: bytes + (candidates.lowerBound &+ index), entries: entries)
            unsafe late.roll(over: bytes + (middle &+ index), entries: entries)
        }
        // Of an odd number one is left.
        if candidates.count > 2 * half { unsafe late.store(to: target + 2 &* half &* 16) }
    }

    /// Takes in the byte at the pointer, and drops the one 64 before it.
    @inline(__always)
    private mutating func roll(over byte: UnsafeRawPointer, entries: UnsafeRawPointer) {
        let entering = unsafe Self.entry(byte.load(as: UInt8.self), of: entries)
        let leaving = unsafe Self.entry(
            byte.load(fromByteOffset: -ToeplitzTables.windowByteCount, as: UInt8.self),
            of: entries
        )
        let change =
            unsafe entering.loadUnaligned(as: Words.self)
            ^ leaving.loadUnaligned(fromByteOffset: 16, as: Words.self)
        words = timesX() ^ change
    }

    @inline(__always)
    private func store(to target: UnsafeMutableRawPointer) {
        unsafe target.storeBytes(of: words.x.littleEndian, as: UInt64.self)
        unsafe target.storeBytes(of: words.y.littleEndian, toByteOffset: 8, as: UInt64.self)
    }

    @inline(__always)
    private func timesX() -> Words {
        Words(ToeplitzTables.timesX(words.x), ToeplitzTables.timesX(words.y))
    }

    @inline(__always)
    private static func entry(_ byte: UInt8, of entries: UnsafeRawPointer) -> UnsafeRawPointer {
        unsafe entries + Int(byte) &* ToeplitzTables.entryByteCount
    }
}
