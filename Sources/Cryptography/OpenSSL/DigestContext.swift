internal import COpenSSL

/// OpenSSL's SHA-256, fetched once, for a fetch by name costs more than hashing a small message.
///
/// Lives as long as the process; OpenSSL's algorithm objects are immutable and may be used from any thread.
private nonisolated(unsafe) let sha256Algorithm: OpaquePointer? = unsafe EVP_MD_fetch(nil, "SHA256", nil)

/// The one owner of an OpenSSL SHA-256 context.
@safe
struct DigestContext: ~Copyable, @unchecked Sendable {
    // Sendable, because the context has one owner and changes only through mutating methods.
    private let context: OpaquePointer

    /// A context that has taken no bytes yet.
    init() throws {
        guard let context = unsafe EVP_MD_CTX_new() else {
            throw CryptographyError.openSSL("cannot create a SHA-256 context", code: .outOfMemory)
        }
        do {
            try unsafe Self.restart(context, with: Self.algorithm())
        } catch {
            unsafe EVP_MD_CTX_free(context)
            throw error
        }
        unsafe self.context = context
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
    }

    /// Takes more bytes.
    mutating func update(_ bytes: RawSpan) throws {
        try unsafe bytes.withUnsafeBytes { buffer in
            try requireSuccess(
                unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count),
                "cannot hash \(buffer.count) bytes"
            )
        }
    }

    /// The digest of all bytes since the start; the context is ready for the next message.
    mutating func finish() throws -> Digest {
        let digest = try unsafe Digest { start in
            try requireSuccess(unsafe EVP_DigestFinal_ex(context, start, nil), "cannot finish a SHA-256")
        }
        // Without an algorithm the context starts again with the one it has.
        try unsafe Self.restart(context, with: nil)
        return digest
    }

    /// The digest of one message.
    static func hash(_ bytes: RawSpan) throws -> Digest {
        let algorithm = unsafe try algorithm()
        return try unsafe bytes.withUnsafeBytes { buffer in
            try unsafe Digest { start in
                try requireSuccess(
                    unsafe EVP_Digest(buffer.baseAddress, buffer.count, start, nil, algorithm, nil),
                    "cannot hash \(buffer.count) bytes"
                )
            }
        }
    }

    private static func restart(_ context: OpaquePointer, with algorithm: OpaquePointer?) throws {
        try requireSuccess(unsafe EVP_DigestInit_ex2(context, algorithm, nil), "cannot start a SHA-256")
    }

    private static func algorithm() throws -> OpaquePointer {
        guard let algorithm = unsafe sha256Algorithm else {
            throw CryptographyError.openSSL("this OpenSSL offers no SHA-256")
        }
        return unsafe algorithm
    }
}
