/// AES-128 on independent blocks: a pseudorandom permutation for the chunker, and nothing else.
///
/// Not encryption of data: equal blocks give equal results, which is what finding cut points wants.
package struct BlockPermutation: ~Copyable, Sendable {
    /// The length of a block, in bytes.
    package static let blockByteCount = 16
    /// The length of the key, in bytes.
    package static let keyByteCount = 16

    private var context: CipherContext

    /// Sets the key of 16 bytes; throws `.invalidKey` for another length.
    package init(key: borrowing Secret) throws {
        var context = try CipherContext(.aes128ECB, key: key)
        try context.disablePadding()
        self.context = context
    }

    /// Permutes the first `count` bytes in place, a multiple of 16; throws `.invalidParameters` for another count.
    ///
    /// The more blocks a call takes, the less its fixed cost weighs: 256 blocks and more run at full speed.
    package mutating func encrypt(_ blocks: inout [UInt8], count: Int) throws {
        guard (0...blocks.count).contains(count), count.isMultiple(of: Self.blockByteCount) else {
            throw CryptographyError(
                code: .invalidParameters,
                message: "cannot permute \(count) of \(blocks.count) bytes in blocks of \(Self.blockByteCount)"
            )
        }
        try unsafe blocks.withUnsafeMutableBytes { buffer in
            try unsafe context.process(
                UnsafeRawBufferPointer(rebasing: buffer[..<count]),
                into: buffer.baseAddress
            )
        }
    }
}
