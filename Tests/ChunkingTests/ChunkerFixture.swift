import Chunking
import Cryptography

/// A chunker key that counts up from a byte: 32 bytes, or another length to test refusal.
func makeKey(_ first: UInt8, count: Int = 32) throws -> Secret {
    let bytes = (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) }
    return try unsafe Secret(copying: bytes.span.bytes)
}

/// The cut points of all the data, in order, the last one its length.
func cuts(of data: [UInt8], _ parameters: ChunkerParameters, key: UInt8) throws -> [Int] {
    var chunker = try Chunker(parameters: parameters, key: makeKey(key))
    var result: [Int] = []
    var start = 0
    while start < data.count {
        start += try chunker.firstCut(in: unsafe data.span.bytes.extracting(start..<data.count))
        result.append(start)
    }
    return result
}

/// The lengths between cut points.
func lengths(of cuts: [Int]) -> [Int] {
    zip(cuts, [0] + cuts).map { $0 - $1 }
}

/// Parameters that make many chunks out of little data.
func small(_ kind: ChunkerParameters.Kind) throws -> ChunkerParameters {
    kind == .fixed
        ? try ChunkerParameters(kind: .fixed, minimum: 1024, average: 1024, maximum: 1024)
        : try ChunkerParameters(kind: kind, minimum: 512, average: 1024, maximum: 4096)
}
