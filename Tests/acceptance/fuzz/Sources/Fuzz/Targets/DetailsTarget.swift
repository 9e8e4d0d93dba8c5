import Cryptography
import Records

@testable import RecordSamples
@testable import Repository

/// The sealed part of a commit.
final class DetailsTarget: FuzzTarget {
    static let name = "details"
    static let parsers = ["Repository/Commits/CommitDetails.swift"]
    static func shape(of input: [UInt8]) -> InputShape { .fields }

    func run(_ input: [UInt8]) throws {
        guard let details = try attempt({ try CommitDetails(decoding: input) }) else { return }
        try require(details.encoded() == input, "the sealed part of a commit is written otherwise than it was read")
        try require(
            try CommitDetails(decoding: details.encoded()) == details,
            "the sealed part of a commit changes when it is written and read"
        )
    }

    func seeds() throws -> [[UInt8]] { try Self.samples().map { $0.encoded() } }

    static func samples() throws -> [CommitDetails] {
        var source = try RecordSource(seed: 56)
        return try (0..<6).map { number in
            var details = CommitDetails(dataset: "home-\(number)", time: source.time())
            guard number > 0 else { return details }
            details.host = source.text()
            details.paths = source.list(3) { $0.bytes(upTo: 9) }
            details.user = source.text()
            details.tags = source.list(3) { $0.text() }
            details.note = source.text()
            details.program = "holdfast 1"
            details.statistics.filesNew = source.integer()
            details.statistics.contentBytes = source.integer()
            details.statistics.milliseconds = 5
            details.excludes = source.list(2) { $0.bytes(upTo: 5) }
            details.parent = try source.optionalDigest()
            details.isIncomplete = source.chance()
            details.isSuspect = source.chance()
            details.rootDigest = try source.digest()
            details.chunker = ChunkerRecord(kind: 1, minimum: 512, average: 1024, maximum: 4096)
            return details
        }
    }
}
