/// A quick look at whether data may be incompressible: encrypted, compressed or random.
///
/// It reads a few windows spread over the data and counts bytes. Only "no" is an answer: data whose windows all look
/// random can still repeat itself, so the caller tries the quickest compression before it gives up.
enum RandomnessProbe {
    /// The length of a window, in bytes.
    private static let windowByteCount = 1024
    /// One window for each so many bytes of data.
    private static let stride = 32 << 10
    /// The most windows; the cost is some microseconds.
    private static let greatestWindowCount = 32
    /// The sum of the squared counts above which a window is not random, in bytes².
    ///
    /// For n = 1024 uniform bytes the sum has the mean n + n(n - 1)/256 = 5116 and the standard deviation
    /// n √(2/256) = 90; this is six deviations above. An entropy of 7.6 bits per byte already exceeds it.
    private static let threshold = 5656

    /// Whether every window looks random; false for less than a stride of data, which is quicker compressed.
    static func looksRandom(_ bytes: RawSpan) -> Bool {
        let windowCount = min(bytes.byteCount / stride, greatestWindowCount)
        guard windowCount > 0 else { return false }
        let distance = (bytes.byteCount - windowByteCount) / windowCount
        // From the last one backwards: file formats begin with something regular.
        return (0..<windowCount).allSatisfy { index in
            let start = bytes.byteCount - windowByteCount - index * distance
            return sumOfSquares(bytes.extracting(start..<start + windowByteCount)) <= threshold
        }
    }

    private static func sumOfSquares(_ window: RawSpan) -> Int {
        var counts = InlineArray<256, UInt16>(repeating: 0)
        for offset in window.byteOffsets {
            counts[Int(unsafe window.unsafeLoad(fromByteOffset: offset, as: UInt8.self))] += 1
        }
        return counts.indices.reduce(0) { $0 + Int(counts[$1]) * Int(counts[$1]) }
    }
}
