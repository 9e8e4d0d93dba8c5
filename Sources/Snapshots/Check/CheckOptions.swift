import Repository

/// Which packs a check reads whole.
package enum ReadData: Sendable, Hashable {
    /// None: structure, signatures and references only.
    case none
    /// All.
    case all
    /// One of so many parts, by the pack's name: the parts 1 to `of` are together all packs.
    case part(Int, of: Int)
    /// So many per cent of the bytes, above 0 and at most 100; those that were not read for longest.
    case percent(Double)
    /// So many bytes, but at least one pack; those that were not read for longest.
    case bytes(UInt64)

    /// Reads `n/t`, `x%`, or a number of bytes with K, M, G or T (powers of 1024).
    ///
    /// - Throws: `RepositoryError.invalidRequest` for anything else.
    package init(subset text: String) throws {
        let problem = RepositoryError(
            .invalidRequest,
            "\"\(text)\" is no subset of the data: write 2/5, 10% or 50G"
        )
        if text.hasSuffix("%") {
            guard let percent = Double(text.dropLast()), percent > 0, percent <= 100 else { throw problem }
            self = .percent(percent)
        } else if let slash = text.firstIndex(of: "/") {
            guard let number = Int(text[..<slash]), let count = Int(text[text.index(after: slash)...]),
                number >= 1, number <= count
            else { throw problem }
            self = .part(number, of: count)
        } else {
            let units: [Character: UInt64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
            let unit = text.last.flatMap { units[Character($0.uppercased())] }
            guard let number = UInt64(unit == nil ? text[...] : text.dropLast()), number > 0 else { throw problem }
            let (count, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
            guard !overflow else { throw problem }
            self = .bytes(count)
        }
    }
}

/// How to check.
package struct CheckOptions: Sendable {
    /// Which packs are read whole.
    package var readData = ReadData.none
    /// How many threads read packs; the number of processors if absent.
    package var workers: Int?

    /// Structure only.
    package init() {}
}
