internal import COpenSSL

/// OpenSSL's HMAC, fetched once; lives as long as the process, immutable and usable from any thread.
private nonisolated(unsafe) let hmacAlgorithm: OpaquePointer? = unsafe EVP_MAC_fetch(nil, "HMAC", nil)

/// The one owner of an OpenSSL HMAC-SHA-256 context, which holds its own copy of the key and wipes it when freed.
@safe
struct MACContext: ~Copyable, @unchecked Sendable {
    // Sendable, because the context has one owner and changes only through mutating methods.
    private let context: OpaquePointer

    /// A context for a key of any length, the empty one included.
    init(key: RawSpan) throws {
        guard let algorithm = unsafe hmacAlgorithm else {
            throw CryptographyError.openSSL("this OpenSSL offers no HMAC")
        }
        guard let context = unsafe EVP_MAC_CTX_new(algorithm) else {
            throw CryptographyError.openSSL("cannot create an HMAC context", code: .outOfMemory)
        }
        do {
            try unsafe Self.setKey(key, of: context)
        } catch {
            unsafe EVP_MAC_CTX_free(context)
            throw error
        }
        unsafe self.context = context
    }

    deinit {
        unsafe EVP_MAC_CTX_free(context)
    }

    /// Takes more bytes.
    mutating func update(_ bytes: RawSpan) throws {
        try unsafe bytes.withUnsafeBytes { buffer in
            try requireSuccess(
                unsafe EVP_MAC_update(
                    context,
                    buffer.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    buffer.count
                ),
                "cannot authenticate \(buffer.count) bytes"
            )
        }
    }

    /// The code of all bytes since the start; the context is ready for the next message under the same key.
    mutating func finish() throws -> Digest {
        try unsafe Digest { start in
            try unsafe finish(into: UnsafeMutableRawBufferPointer(start: start, count: Digest.byteCount))
        }
    }

    /// Writes the 32 bytes of the code to the start of the caller's memory, where they may be a secret.
    mutating func finish(into target: UnsafeMutableRawBufferPointer) throws {
        var count = 0
        let start = unsafe target.baseAddress?.assumingMemoryBound(to: UInt8.self)
        try requireSuccess(
            unsafe EVP_MAC_final(context, start, &count, target.count),
            "cannot finish an HMAC-SHA-256"
        )
        // Without a key the context starts again with the one it has, from the hashed pads it keeps.
        try requireSuccess(unsafe EVP_MAC_init(context, nil, 0, nil), "cannot restart an HMAC-SHA-256")
    }

    private static func setKey(_ key: RawSpan, of context: OpaquePointer) throws {
        let status = unsafe key.withUnsafeBytes { key in
            // A null key would mean "keep the present one", so an empty key needs an address.
            var nothing: UInt8 = 0
            return unsafe withUnsafePointer(to: &nothing) { nothing in
                let start = unsafe key.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? nothing
                return unsafe openssl_hmac_sha256_set_key(context, start, key.count)
            }
        }
        try requireSuccess(status, "cannot key an HMAC-SHA-256")
    }
}
