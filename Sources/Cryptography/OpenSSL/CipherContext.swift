internal import COpenSSL

/// The ciphers that are used, each fetched once.
enum Cipher {
    case aes256GCM
    case chaCha20Poly1305
    case aes128ECB

    /// The length of the key, in bytes.
    var keyByteCount: Int {
        switch self {
        case .aes256GCM, .chaCha20Poly1305: 32
        case .aes128ECB: 16
        }
    }

    /// The name for messages.
    var name: String {
        switch self {
        case .aes256GCM: "AES-256-GCM"
        case .chaCha20Poly1305: "ChaCha20-Poly1305"
        case .aes128ECB: "AES-128-ECB"
        }
    }
}

// They live as long as the process, are immutable and usable from any thread.
private nonisolated(unsafe) let aes256GCM: OpaquePointer? = unsafe EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)
private nonisolated(unsafe) let chaCha20Poly1305: OpaquePointer? = unsafe EVP_CIPHER_fetch(
    nil,
    "ChaCha20-Poly1305",
    nil
)
private nonisolated(unsafe) let aes128ECB: OpaquePointer? = unsafe EVP_CIPHER_fetch(nil, "AES-128-ECB", nil)

/// The one owner of an OpenSSL cipher context with its expanded key, which OpenSSL wipes when it is freed.
@safe
struct CipherContext: ~Copyable, @unchecked Sendable {
    // Sendable, because the context has one owner and changes only through mutating methods.
    private let context: OpaquePointer
    /// The cipher that the context was made for.
    let cipher: Cipher

    /// The direction of a pass over the data.
    enum Direction: Int32 {
        case decrypt = 0
        case encrypt = 1
    }

    /// OpenSSL counts in 32-bit integers, so longer data goes in pieces of this many bytes.
    private static let pieceByteCount = 1 << 30

    /// A context ready to encrypt under a key; throws `.invalidKey` for a key of the wrong length.
    init(_ cipher: Cipher, key: borrowing Secret) throws {
        guard key.count == cipher.keyByteCount else {
            throw CryptographyError(
                code: .invalidKey,
                message: "\(cipher.name) takes a key of \(cipher.keyByteCount) bytes, not of \(key.count)"
            )
        }
        guard let algorithm = unsafe Self.algorithm(for: cipher) else {
            throw CryptographyError.openSSL("this OpenSSL offers no \(cipher.name)")
        }
        guard let context = unsafe EVP_CIPHER_CTX_new() else {
            throw CryptographyError.openSSL("cannot create a context for \(cipher.name)", code: .outOfMemory)
        }
        let status = key.withBytes { key in
            unsafe key.withUnsafeBytes { key in
                unsafe EVP_CipherInit_ex2(
                    context,
                    algorithm,
                    key.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    nil,
                    Direction.encrypt.rawValue,
                    nil
                )
            }
        }
        guard status == 1 else {
            unsafe EVP_CIPHER_CTX_free(context)
            throw CryptographyError.openSSL("cannot key \(cipher.name)")
        }
        unsafe self.context = context
        self.cipher = cipher
    }

    deinit {
        unsafe EVP_CIPHER_CTX_free(context)
    }

    /// Turns padding off, for data that is whole blocks.
    mutating func disablePadding() throws {
        try requireSuccess(unsafe EVP_CIPHER_CTX_set_padding(context, 0), "cannot turn off padding")
    }

    /// Starts a message under the key that is set, in a direction, with a nonce of 12 bytes.
    mutating func begin(_ direction: Direction, nonce: RawSpan) throws {
        let status = unsafe nonce.withUnsafeBytes { nonce in
            unsafe EVP_CipherInit_ex2(
                context,
                nil,
                nil,
                nonce.baseAddress?.assumingMemoryBound(to: UInt8.self),
                direction.rawValue,
                nil
            )
        }
        try requireSuccess(status, "cannot start a message under \(cipher.name)")
    }

    /// Takes data that is authenticated and not encrypted.
    mutating func authenticate(_ bytes: RawSpan) throws {
        try unsafe bytes.withUnsafeBytes { try unsafe process($0, into: nil) }
    }

    /// Encrypts or decrypts bytes into memory of the same size, which may be the same memory.
    mutating func process(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawPointer?) throws {
        var done = 0
        while done < source.count {
            let piece = min(source.count - done, Self.pieceByteCount)
            var written: Int32 = 0
            let status = unsafe EVP_CipherUpdate(
                context,
                target.map { unsafe $0.advanced(by: done).assumingMemoryBound(to: UInt8.self) },
                &written,
                source.baseAddress?.advanced(by: done).assumingMemoryBound(to: UInt8.self),
                Int32(piece)
            )
            guard status == 1, written == piece else {
                throw CryptographyError.openSSL("\(cipher.name) failed on \(source.count) bytes")
            }
            done += piece
        }
    }

    /// Ends an encrypted message and writes its tag of 16 bytes.
    mutating func finishSealing(tag: UnsafeMutableRawPointer) throws {
        try requireSuccess(finish(), "cannot finish a message under \(cipher.name)")
        try requireSuccess(
            unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(AEAD.tagByteCount), tag),
            "cannot read the tag of \(cipher.name)"
        )
    }

    /// Ends a decrypted message; throws `.authenticationFailed` unless its tag of 16 bytes fits.
    ///
    /// OpenSSL compares the tags in constant time.
    mutating func finishOpening(tag: UnsafeRawPointer) throws {
        // The parameter is not const because other controls write to it; this one only reads.
        let tag = unsafe UnsafeMutableRawPointer(mutating: tag)
        try requireSuccess(
            unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(AEAD.tagByteCount), tag),
            "cannot set the tag of \(cipher.name)"
        )
        guard finish() == 1 else {
            OpenSSLErrorStack.clear()
            throw CryptographyError(
                code: .authenticationFailed,
                message: "\(cipher.name): the tag does not fit (wrong key, wrong associated data, or altered bytes)"
            )
        }
    }

    private func finish() -> Int32 {
        // Neither AEAD writes anything here; the block only gives OpenSSL an address.
        var rest: InlineArray<16, UInt8> = .init(repeating: 0)
        var written: Int32 = 0
        return unsafe withUnsafeMutableBytes(of: &rest) { rest in
            unsafe EVP_CipherFinal_ex(context, rest.baseAddress?.assumingMemoryBound(to: UInt8.self), &written)
        }
    }

    private static func algorithm(for cipher: Cipher) -> OpaquePointer? {
        switch cipher {
        case .aes256GCM: unsafe Cryptography.aes256GCM
        case .chaCha20Poly1305: unsafe Cryptography.chaCha20Poly1305
        case .aes128ECB: unsafe Cryptography.aes128ECB
        }
    }
}
