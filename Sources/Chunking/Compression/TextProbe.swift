/// A quick look at whether data is text: sources, tables, logs, dumps.
///
/// Text in any encoding that extends ASCII has hardly a control byte but tabulators and line ends; machine code, images
/// and compressed data are full of them. A wrong answer costs some time or density, nothing else.
enum TextProbe {
    /// The length of a window, in bytes.
    private static let windowByteCount = 128
    /// How many windows are spread over the data.
    private static let windowCount = 32
    /// Of so many bytes one may be a control byte.
    private static let rarity = 64

    /// Whether the windows hold hardly a control byte; false for no data.
    static func looksLikeText(_ bytes: RawSpan) -> Bool {
        let length = min(windowByteCount, bytes.byteCount / windowCount)
        guard length > 0 else { return controlCount(bytes) * rarity <= bytes.byteCount && bytes.byteCount > 0 }
        let distance = (bytes.byteCount - length) / (windowCount - 1)
        var count = 0
        for index in 0..<windowCount {
            let start = index * distance
            count += controlCount(bytes.extracting(start..<start + length))
            if count * rarity > windowCount * length { return false }
        }
        return true
    }

    /// How many bytes are control bytes of ASCII other than white space.
    private static func controlCount(_ window: RawSpan) -> Int {
        var count = 0
        for offset in window.byteOffsets {
            let byte = unsafe window.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            if byte < 0x20, !(0x09...0x0D).contains(byte) { count += 1 }
        }
        return count
    }
}
