package import Cryptography

/// Cuts a byte stream into chunks, by content or in equal lengths.
///
/// Where a cut falls depends on the bytes since the last cut, the parameters and the key, and on nothing else: not on
/// how the stream is fed, nor on earlier calls. One chunker serves any number of streams, one after another.
package struct Chunker: ~Copyable, Sendable {
    /// The length of the key, in bytes.
    package static let keyByteCount = 32

    /// How it cuts.
    package let parameters: ChunkerParameters
    // One of these, or none for `fixed`: an enum that is not copyable cannot be changed in place.
    private let gear: GearChunker?
    private var keyed: KeyedChunker?

    /// Derives the secret tables from a key of 32 bytes; throws `.invalidParameters` for another length.
    package init(parameters: ChunkerParameters, key: borrowing Secret) throws {
        guard key.count == Self.keyByteCount else {
            throw ChunkingError(
                code: .invalidParameters,
                message: "a chunker key has \(Self.keyByteCount) bytes, not \(key.count)"
            )
        }
        switch parameters.kind {
        case .fast:
            gear = try GearChunker(rule: CutRule(parameters), key: key)
            keyed = nil
        case .prf:
            keyed = try KeyedChunker(rule: CutRule(parameters), key: key)
            gear = nil
        case .fixed:
            gear = nil
            keyed = nil
        }
        self.parameters = parameters
    }

    /// The length of the first chunk of `bytes`, which begin at a chunk start: 1 to the smaller of count and maximum.
    ///
    /// `bytes` must hold at least `maximum` bytes unless they reach the end of the stream; what follows the maximum is
    /// not looked at. Throws `.invalidParameters` for no bytes at all.
    package mutating func firstCut(in bytes: RawSpan) throws -> Int {
        guard bytes.byteCount > 0 else {
            throw ChunkingError(code: .invalidParameters, message: "there is no chunk in no bytes")
        }
        let bytes = bytes.extracting(first: parameters.maximum)
        guard bytes.byteCount > parameters.minimum else { return bytes.byteCount }
        if let cut = gear?.firstCut(in: bytes) { return cut }
        if let cut = try keyed?.firstCut(in: bytes) { return cut }
        return bytes.byteCount
    }
}
