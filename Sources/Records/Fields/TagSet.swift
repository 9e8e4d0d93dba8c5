/// A set of field tags below 64, in one word.
package struct TagSet: Hashable, Sendable, ExpressibleByArrayLiteral {
    private var bits: UInt64 = 0

    /// Takes tags below 64; no record of the format has a repeated tag above.
    package init(arrayLiteral tags: UInt64...) {
        for tag in tags {
            assert(tag < 64, "tag \(tag) does not fit a set of tags")
            bits |= 1 << tag
        }
    }

    /// Whether the tag is in the set.
    package func contains(_ tag: UInt64) -> Bool {
        tag < 64 && bits & (1 << tag) != 0
    }
}
