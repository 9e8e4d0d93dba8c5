/// Random numbers that are the same in every run: a demo needs no secrets.
///
/// SplitMix64, from Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
struct DemoRandom: RandomNumberGenerator {
    private var state: UInt64

    /// Starts at a seed.
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// One of the choices.
    mutating func pick(_ choices: [String]) -> String {
        choices.randomElement(using: &self) ?? ""
    }
}
