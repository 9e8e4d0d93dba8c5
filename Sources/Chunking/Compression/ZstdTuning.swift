/// A zstd level, and where its parameters are replaced; 0 leaves one to the level.
struct ZstdTuning: Hashable, Sendable {
    /// The level, -7 to 22.
    var level: Int32
    /// How far back repetitions are looked for, as a power of two.
    var windowLog: Int32 = 0
    /// The entries of the table of (in the strategy dfast: long) matches, as a power of two.
    var hashLog: Int32 = 0
    /// In the strategy dfast, the entries of the table of short matches, as a power of two.
    var chainLog: Int32 = 0
    /// The shortest repetition that is looked for, in bytes.
    var minimumMatch: Int32 = 0

    /// A level as the library has it.
    static func level(_ level: Int32) -> ZstdTuning { ZstdTuning(level: level) }

    /// For content in general: level 1 with twice the table, matches of six bytes and a window of a whole chunk.
    ///
    /// On a mix of programs, libraries, archives and sources (427 MB of `/usr` in chunks of 1 MiB) it gives 0.345 of the
    /// input at 400 MB/s on a core where level 1 gives 0.359 at 440, level 2 0.341 at 345 and level 3 0.329 at 240.
    /// Larger tables leave the first cache: with 2^17 entries level 1 is slower than level 2 and no denser.
    static let quick = ZstdTuning(level: 1, windowLog: 22, hashLog: 15, minimumMatch: 6)

    /// For text: level 3 with half its tables.
    ///
    /// On the texts of the same mix 0.183 of the input at 340 MB/s; `quick` gives 0.195 at 404, level 3 0.182 at 313.
    static let text = ZstdTuning(level: 3, windowLog: 22, hashLog: 16, chainLog: 15, minimumMatch: 5)
}
