/// What a user asks of compression: nothing, or a method at a level.
package struct CompressionSetting: Hashable, Sendable, CustomStringConvertible {
    enum Method: Hashable, Sendable {
        case off
        /// zstd, tuned by what the content looks like.
        case adaptive
        case zlib(level: Int32)
        case zstd(level: Int32)
    }

    private static let zlibLevels: ClosedRange<Int32> = 1...9
    private static let zstdLevels: ClosedRange<Int32> = -7...22

    let method: Method

    /// What is used where nobody asks for anything: zstd near level 2, nearer to 3 for text.
    package static let standard = CompressionSetting(method: .adaptive)

    private init(method: Method) {
        self.method = method
    }

    /// Reads "off", "fastest", "default", "better", "max", "zstd", "zstd:N", "zlib" or "zlib:N"; throws `.invalidSetting`.
    ///
    /// N is -7 to 22 but not 0 for zstd, of which "fastest", "better" and "max" are -1, 8 and 19 and 3 is the default,
    /// and 1 to 9 for zlib, where 6 is the default.
    package init(parsing text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        func level(of range: ClosedRange<Int32>, default standard: Int32) throws -> Int32 {
            guard parts.count > 1 else { return standard }
            guard let level = Int32(parts[1]), range.contains(level), level != 0 else {
                throw ChunkingError(
                    code: .invalidSetting,
                    message: "\(parts[0]) has no level “\(parts[1])”; choose \(range.lowerBound) to \(range.upperBound)"
                        + (range.contains(0) ? ", but not 0" : "")
                )
            }
            return level
        }
        switch (parts.first, parts.count) {
        case ("off", 1): method = .off
        case ("fastest", 1): method = .zstd(level: -1)
        case ("default", 1): method = .adaptive
        case ("better", 1): method = .zstd(level: 8)
        case ("max", 1): method = .zstd(level: 19)
        case ("zstd", _): method = .zstd(level: try level(of: Self.zstdLevels, default: 3))
        case ("zlib", _): method = .zlib(level: try level(of: Self.zlibLevels, default: 6))
        default:
            throw ChunkingError(
                code: .invalidSetting,
                message: "unknown compression “\(text)”; choose off, fastest, default, better, max, "
                    + "zstd[:-7...22] or zlib[:1...9]"
            )
        }
    }

    /// The setting in the form that the parser reads, with the level.
    package var description: String {
        switch method {
        case .off: "off"
        case .adaptive: "default"
        case .zlib(let level): "zlib:\(level)"
        case .zstd(let level): "zstd:\(level)"
        }
    }
}
