/// Padmé lengths (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", 2019).
///
/// A padded length has so few significant bits that it tells little about what is inside; the cost is below 12 %, and
/// 1.5 % on average for packs.
package enum Padme {
    /// The smallest Padmé length that is not below `length`.
    package static func padded(_ length: Int) -> Int {
        let granularity = self.granularity(at: length)
        return (length + granularity - 1) / granularity * granularity
    }

    /// The step between Padmé lengths around `length`.
    package static func granularity(at length: Int) -> Int {
        guard length >= 2 else { return 1 }
        let exponent = Int.bitWidth - 1 - length.leadingZeroBitCount
        let significant = Int.bitWidth - exponent.leadingZeroBitCount
        return 1 << max(0, exponent - significant)
    }
}
