/// HKDF with SHA-256 (RFC 5869): keys from a secret, one per purpose.
///
/// Built on the HMAC of OpenSSL rather than on its HKDF, which allows no empty input key, and so that no intermediate
/// block leaves locked memory.
package enum HKDF {
    /// The most that one expansion yields: 255 blocks of 32 bytes (RFC 5869, section 2.3).
    package static let maximumByteCount = 255 * Digest.byteCount

    /// Concentrates an input key into a pseudorandom key of 32 bytes; an empty salt stands for 32 zero bytes.
    package static func extract(salt: RawSpan, inputKey: borrowing Secret) throws -> Secret {
        var context = try MACContext(key: salt)
        try inputKey.withBytes { try context.update($0) }
        return try unsafe Secret(count: Digest.byteCount) { target in
            try unsafe context.finish(into: target)
        }
    }

    /// Expands a pseudorandom key into `count` bytes, 1 to 8,160, bound to a purpose; throws `.invalidParameters`.
    package static func expand(_ prk: borrowing Secret, info: RawSpan, count: Int) throws -> Secret {
        guard (1...maximumByteCount).contains(count) else {
            throw CryptographyError(
                code: .invalidParameters,
                message: "HKDF-SHA-256 cannot derive \(count) bytes; it gives 1 to \(maximumByteCount)"
            )
        }
        guard prk.count >= Digest.byteCount else {
            throw CryptographyError(
                code: .invalidKey,
                message: "HKDF-SHA-256 expands keys of at least \(Digest.byteCount) bytes, not of \(prk.count)"
            )
        }
        let blockCount = (count + Digest.byteCount - 1) / Digest.byteCount
        let blocks = try expand(prk, info: info, blockCount: blockCount)
        guard blocks.count != count else { return blocks }
        return try blocks.withBytes { try Secret(copying: $0.extracting(first: count)) }
    }

    /// Extracts, then expands.
    package static func derive(
        from inputKey: borrowing Secret,
        salt: RawSpan,
        info: RawSpan,
        count: Int
    ) throws -> Secret {
        try expand(extract(salt: salt, inputKey: inputKey), info: info, count: count)
    }

    /// The first blocks of the output, each the code of the one before it, the purpose and its number from 1.
    private static func expand(_ prk: borrowing Secret, info: RawSpan, blockCount: Int) throws -> Secret {
        var context = try prk.withBytes { try MACContext(key: $0) }
        return try unsafe Secret(count: blockCount * Digest.byteCount) { target in
            for index in 0..<blockCount {
                let offset = index * Digest.byteCount
                if index > 0 {
                    let previous = unsafe UnsafeRawBufferPointer(rebasing: target[offset - Digest.byteCount..<offset])
                    try context.update(unsafe previous.bytes)
                }
                try context.update(info)
                let number: InlineArray<1, UInt8> = [UInt8(index + 1)]
                try unsafe context.update(number.span.bytes)
                try unsafe context.finish(into: UnsafeMutableRawBufferPointer(rebasing: target[offset...]))
            }
        }
    }
}
