/// What a chunk's plaintext is; part of what its id and its encryption bind.
package enum ChunkType: UInt8, Sendable {
    /// Content of files, streams and large attributes.
    case data = 1
    /// A page of a manifest.
    case manifestPage = 2
    /// A page of a long list of extents.
    case extentPage = 3

    /// The type of pack that holds such chunks.
    package var packType: PackType { self == .data ? .data : .metadata }
}

/// Bounds on chunks and packs that hold before anything from storage is believed (format.md §1.4).
package enum FormatBounds {
    /// Longest plaintext of a chunk, bytes.
    package static let plainChunk = 16 << 20
    /// Longest compressed chunk, bytes, without its tag.
    package static let compressedChunk = plainChunk + 64 * 1024
    /// Most frames in a pack.
    package static let framesInPack = 1 << 20
    /// Longest pack, bytes.
    package static let pack = 512 << 20
    /// Longest index fragment, bytes.
    package static let indexFragment = 64 << 20
    /// Most objects in `keys/`.
    package static let slotObjects = 1024
    /// Most of them that a passphrase, a key file or recovery words open.
    package static let slots = 64
}
