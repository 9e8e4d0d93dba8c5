import Cryptography
import ObjectStorage
import Records

@testable import RecordSamples

/// Names of objects, as a store lists them.
final class NamesTarget: FuzzTarget {
    static let name = "names"
    static let parsers = [
        "ObjectStorage/ObjectName.swift", "Records/Names/ObjectNames.swift", "Records/Names/ObjectNames+Parsing.swift",
        "Records/Names/ParsedName.swift", "Records/Identifiers/Identifier.swift",
        "Records/Identifiers/Incarnation.swift", "Cryptography/Bytes/Hex.swift",
    ]
    static let options = ["-only_ascii=1", "-max_len=600"]

    init() throws {
        let isRandom = try MemberID.random() != MemberID.random() && Incarnation.random() != Incarnation.random()
        try require(isRandom, "random ids are equal")
    }

    func run(_ input: [UInt8]) throws {
        let text = String(decoding: input, as: UTF8.self)
        let name = ObjectName(validating: text)
        if let name {
            try require(name.path == text, "a name is kept otherwise than it is")
            try require(
                name.components.allSatisfy { $0 != ".." && $0 != "." && !$0.isEmpty },
                "a name could lead out of a store: \(text)"
            )
            try require(name.components.joined(separator: "/") == text, "a name falls apart: \(text)")
        }
        try attempt { try ObjectName(text) }
        if let id = MemberID(hex: text) {
            try require(id.hex == text && !(id < id), "an id is written otherwise: \(text)")
        }
        if let id = Incarnation(hex: text) { try require("\(id.hex)" == text && !(id < id), "\(text) is another id") }
        if let digest = Digest(hex: text) { try require("\(digest)" == text, "a digest is written otherwise: \(text)") }
        guard let parsed = ObjectNames.parse(text) else { return }
        try require(parsed.name == text, "\(text) is another name when written")
        try require(name != nil, "\(text) is a name of the format and not one of a store")
        try require(ObjectNames.parse(parsed.name) == parsed, "\(text) means something else the second time")
        _ = parsed.kind.name
        if let hash = parsed.hash { try require(text.contains(hash.hex), "\(text) does not hold its hash") }
    }

    func seeds() throws -> [[UInt8]] {
        var source = try RecordSource(seed: 52)
        let member: MemberID = try source.identifier()
        let run: RunID = try source.identifier()
        let hash = try source.digest()
        let number = source.number()
        let names: [ParsedName] = [
            .format, .policy(number: number), .slot(hash), .pack(hash), .index(hash),
            .packList(member: member, run: run, number: number),
            .commit(member: member, incarnation: try source.incarnation(), number: number, hash: hash),
            .lease(member: member, run: run, number: 3), .leaseEnd(member: member, run: run),
            .leaseDead(member: member, run: run), .attestation(member: member, number: number),
            .plan(number: number, hash: hash), .planDone(number: number), .forgotten(number: number),
            .receipt(receiver: member, number: number), .erasure(number: 9_999_999_999),
            .audit(member: member, number: 0), .parity(hash), .hold(number: number),
        ]
        return names.map { Array($0.name.utf8) }
            + [member.hex, hash.hex, "0123456789abcdef", "tmp/x", "a/../b", "a//b", "./a"].map { Array($0.utf8) }
    }
}
