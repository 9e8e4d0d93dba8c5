import Chunking

@testable import Commands

/// What people type: compression, chunkers, sizes, times.
final class OptionsTarget: FuzzTarget {
    static let name = "options"
    static let parsers = [
        "Chunking/Compression/CompressionSetting.swift", "Commands/Backup/ChunkerSetting.swift",
        "Commands/Options/ByteSize.swift", "Commands/Output/Moment.swift",
    ]
    static let options = ["-max_len=128"]

    func run(_ input: [UInt8]) throws {
        let mode = input.first ?? 0
        let text = String(decoding: input.dropFirst(), as: UTF8.self)
        switch mode % 4 {
        case 0:
            guard let setting = try attempt({ try CompressionSetting(parsing: text) }) else { return }
            try require(
                try CompressionSetting(parsing: setting.description) == setting,
                "\(text) is another setting when written: \(setting)"
            )
        case 1:
            guard let setting = ChunkerSetting(argument: text) else { return }
            try attempt { try setting.parameters() }
        case 2:
            guard let size = ByteSize(argument: text) else { return }
            try require(size.count < 9_000_000_000_000_000_000, "\(text) is \(size.count) bytes")
            if let exact = UInt64(text), exact < 1 << 53 {
                try require(size.count == exact, "\(text) is \(size.count) bytes")
            }
        default:
            guard let moment = try attempt({ try Moment.parse(text, now: 5) }) else { return }
            let written = Moment.rfc3339(moment)
            try require(try Moment.parse(written, now: 0) == moment, "\(text) is \(written), which is another time")
        }
    }

    func seeds() throws -> [[UInt8]] {
        let texts: [[String]] = [
            [
                "off", "fastest", "default", "better", "max", "zstd", "zstd:-7", "zstd:22", "zlib", "zlib:9", "zstd:x",
                "gzip",
            ],
            ["fast", "prf", "fixed:4k", "fixed:8M", "fixed:", "fixed:513"],
            ["0", "500", "64k", "10M", "1.5G", "2T", "3TiB", "4kB", "9e18", "-1", "1e400"],
            [
                "now", "2026-11-24", "2026-11-24 09:33", "2026-11-24 09:33:22", "2026-11-24T09:33:22Z",
                "1969-12-31T23:59:59.123456789+01:00", "2026-02-31", "2026-11-24 09:33:22 -0930",
                "2026-11-24T09:33:60.5Z",
                "0001-01-01", "9999-12-31",
            ],
        ]
        return texts.enumerated().flatMap { number, texts in texts.map { [UInt8(number)] + Array($0.utf8) } }
    }
}
