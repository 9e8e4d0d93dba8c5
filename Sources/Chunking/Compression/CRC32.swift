internal import CZlib

/// The CRC-32 of zip and gzip (ISO 3309), over bytes that come in pieces.
package struct CRC32: Sendable {
    /// The sum so far; 0 for no bytes.
    package private(set) var value: UInt32 = 0

    /// Of no bytes.
    package init() {}

    /// Adds bytes.
    package mutating func update(_ bytes: RawSpan) {
        // zlib takes no bytes at all for a wish to begin anew.
        guard bytes.byteCount > 0 else { return }
        let sum = value
        value = unsafe bytes.withUnsafeBytes { bytes in
            unsafe UInt32(
                truncatingIfNeeded: crc32_z(
                    UInt(sum),
                    bytes.assumingMemoryBound(to: UInt8.self).baseAddress,
                    bytes.count
                )
            )
        }
    }
}
