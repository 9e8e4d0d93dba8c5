/// Which candidate lengths are cut points, given 64 pseudorandom bits for each.
///
/// Normalised cutting (as in FastCDC, Xia et al., 2016): below the turning point a cut needs two zero bits more than
/// log2(average), from there on two fewer, which gathers the lengths around the average. The turning point is set so
/// that the mean is the average, within 4 per cent, as long as the minimum is at most three quarters of it.
struct CutRule: Hashable, Sendable {
    /// The first candidate, the minimum.
    let start: Int
    /// The first candidate under the easier condition.
    let turn: Int
    /// The length that is cut where no candidate is a cut point.
    let end: Int
    /// How many bits must be zero below the turning point.
    let strictBitCount: Int
    /// How many bits must be zero from the turning point on.
    let easyBitCount: Int

    /// The rule for parameters of a content-defined kind.
    init(_ parameters: ChunkerParameters) {
        start = parameters.minimum
        // With g = (average - minimum) / average the mean is exact at a distance of -4 ln((4 - g) / 3.75) averages
        // from the minimum; 9/8 (g - 1/4) is the line nearest to it on 1/4...1.
        let surplus = max(0, (parameters.average - parameters.minimum) - parameters.average / 4)
        turn = parameters.minimum + surplus * 9 / 8
        end = parameters.maximum
        let bitCount = parameters.average.trailingZeroBitCount
        strictBitCount = bitCount + 2
        easyBitCount = bitCount - 2
    }
}
