/// The shape of extent pages (format.md §12.1).
enum ExtentPage {
    /// The highest level of an extent page.
    static let highestLevel = 7
    /// A page of so many extents or children ends.
    static let mostItems = 1_024

    /// Whether a page ends after an extent or child with the chunk id, whose first eight bytes read little-endian decide.
    static func ends(level: Int, afterPrefix prefix: UInt64) -> Bool {
        prefix.byteSwapped & (level == 0 ? 0xff : 0x3f) == 0
    }
}
