/// How a stream is cut: the method and the sizes, all in bytes; a checked value.
///
/// The numbers stand in the repository's policy and in each dataset, so they never change their meaning.
package struct ChunkerParameters: Hashable, Sendable {
    /// The method that finds the cut points; the raw values belong to the format.
    package enum Kind: UInt8, Sendable {
        /// A gear hash with a secret table: quick, and no proof against an adversary who sees chunk sizes.
        case fast = 1
        /// A universal hash under a block cipher: cut points that nobody without the key can tell from chance.
        case prf = 2
        /// Equal lengths, for data laid out in pages.
        case fixed = 3
    }

    /// The longest chunk that any parameters may ask for, in bytes.
    package static let greatestMaximum = 8 << 20
    /// The shortest minimum, in bytes: the window of the hashes.
    package static let leastMinimum = 64
    /// Fixed lengths are multiples of a sector, in bytes.
    package static let fixedMultiple = 512

    /// The method.
    package let kind: Kind
    /// The shortest chunk but for the last of a stream.
    package let minimum: Int
    /// The mean length on data that does not repeat; a power of two unless `fixed`.
    package let average: Int
    /// The longest chunk.
    package let maximum: Int

    /// Files in general: means of 1 MiB.
    package static let files = ChunkerParameters(fast: 1 << 20, minimum: 512 << 10, maximum: 4 << 20)
    /// Databases and their dumps: means of 32 KiB.
    package static let databases = ChunkerParameters(fast: 32 << 10, minimum: 16 << 10, maximum: 128 << 10)

    /// Checks the sizes and throws `.invalidParameters` where a rule is broken.
    ///
    /// For `fast` and `prf`, 64 ≤ minimum < average < maximum ≤ 8 MiB, the average a power of two. For `fixed` all three
    /// are equal, a multiple of 512 and at most 8 MiB.
    package init(kind: Kind, minimum: Int, average: Int, maximum: Int) throws {
        func require(_ condition: Bool, _ rule: String) throws {
            guard condition else {
                throw ChunkingError(
                    code: .invalidParameters,
                    message: "chunk sizes \(minimum)/\(average)/\(maximum) for \(kind): \(rule)"
                )
            }
        }
        try require(maximum <= Self.greatestMaximum, "the maximum must be at most \(Self.greatestMaximum)")
        switch kind {
        case .fast, .prf:
            try require(minimum >= Self.leastMinimum, "the minimum must be at least \(Self.leastMinimum)")
            try require(
                minimum < average && average < maximum,
                "they must rise from the minimum over the average to the maximum"
            )
            try require(average.nonzeroBitCount == 1, "the average must be a power of two")
        case .fixed:
            try require(minimum == average && average == maximum, "all three must be equal")
            try require(
                maximum > 0 && maximum.isMultiple(of: Self.fixedMultiple),
                "they must be a positive multiple of \(Self.fixedMultiple)"
            )
        }
        self.kind = kind
        self.minimum = minimum
        self.average = average
        self.maximum = maximum
    }

    /// For the sizes above, which a test checks against the rules.
    private init(fast average: Int, minimum: Int, maximum: Int) {
        kind = .fast
        self.minimum = minimum
        self.average = average
        self.maximum = maximum
    }
}
