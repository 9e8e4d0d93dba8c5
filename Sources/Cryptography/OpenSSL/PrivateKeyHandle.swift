internal import COpenSSL

/// The elliptic-curve algorithms that are used.
enum CurveAlgorithm {
    case ed25519
    case x25519

    /// OpenSSL's number for the algorithm.
    var identifier: Int32 {
        switch self {
        case .ed25519: EVP_PKEY_ED25519
        case .x25519: EVP_PKEY_X25519
        }
    }

    /// The name for messages.
    var name: String {
        switch self {
        case .ed25519: "Ed25519"
        case .x25519: "X25519"
        }
    }
}

/// The one owner of an OpenSSL private key of 32 bytes, which OpenSSL wipes when it is freed.
@safe
struct PrivateKeyHandle: ~Copyable, @unchecked Sendable {
    // Sendable, because an EVP_PKEY does not change after it is made and OpenSSL lets several threads use one.
    private let key: OpaquePointer
    private let algorithm: CurveAlgorithm

    /// Takes the private key's 32 bytes (an Ed25519 seed, an X25519 scalar); throws `.invalidKey` for another length.
    init(_ algorithm: CurveAlgorithm, bytes: borrowing Secret) throws {
        guard bytes.count == Digest.byteCount else {
            throw CryptographyError(
                code: .invalidKey,
                message: "an \(algorithm.name) private key has \(Digest.byteCount) bytes, not \(bytes.count)"
            )
        }
        let key = unsafe bytes.withBytes { bytes in
            unsafe bytes.withUnsafeBytes { bytes in
                unsafe EVP_PKEY_new_raw_private_key(
                    algorithm.identifier,
                    nil,
                    bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    bytes.count
                )
            }
        }
        guard let key = unsafe key else {
            throw CryptographyError.openSSL("cannot load an \(algorithm.name) private key", code: .invalidKey)
        }
        unsafe self.key = key
        self.algorithm = algorithm
    }

    deinit {
        unsafe EVP_PKEY_free(key)
    }

    /// The public key that belongs to it.
    func publicBytes() throws -> Digest {
        try unsafe Digest { start in
            var count = Digest.byteCount
            try requireSuccess(
                unsafe EVP_PKEY_get_raw_public_key(key, start, &count),
                "cannot read an \(algorithm.name) public key"
            )
        }
    }

    /// The private key's own bytes.
    func privateBytes() throws -> Secret {
        try unsafe Secret(count: Digest.byteCount) { target in
            var count = target.count
            try requireSuccess(
                unsafe EVP_PKEY_get_raw_private_key(
                    key,
                    target.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    &count
                ),
                "cannot read an \(algorithm.name) private key"
            )
        }
    }

    /// The Ed25519 signature of a message, 64 bytes.
    func sign(_ message: RawSpan) throws -> [UInt8] {
        guard let context = unsafe EVP_MD_CTX_new() else {
            throw CryptographyError.openSSL("cannot create a context for signing", code: .outOfMemory)
        }
        defer { unsafe EVP_MD_CTX_free(context) }
        try requireSuccess(
            unsafe EVP_DigestSignInit(context, nil, nil, nil, key),
            "cannot start an \(algorithm.name) signature"
        )
        return try unsafe message.withUnsafeBytes { message in
            try unsafe [UInt8](unsafeUninitializedCapacity: VerifyingKey.signatureByteCount) { signature, count in
                var written = signature.count
                try requireSuccess(
                    unsafe EVP_DigestSign(
                        context,
                        signature.baseAddress,
                        &written,
                        message.baseAddress?.assumingMemoryBound(to: UInt8.self),
                        message.count
                    ),
                    "cannot sign \(message.count) bytes with \(algorithm.name)"
                )
                count = written
            }
        }
    }

    /// The X25519 secret shared with a public key; throws `.invalidKey` if that is a low-order point.
    func sharedSecret(with peer: Digest) throws -> Secret {
        let refusal = "an X25519 public key is refused: it is a low-order point, so nothing would be secret"
        let peer = try PublicKeyHandle(.x25519, bytes: peer)
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else {
            throw CryptographyError.openSSL("cannot create a context for X25519", code: .outOfMemory)
        }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        try requireSuccess(unsafe EVP_PKEY_derive_init(context), "cannot start an X25519 agreement")
        try unsafe peer.set(asPeerOf: context)
        let shared = try unsafe Secret(count: Digest.byteCount) { target in
            var count = target.count
            // OpenSSL fails here on an all-zero result, as RFC 7748, section 6.1, allows and RFC 9180 demands.
            guard
                unsafe EVP_PKEY_derive(context, target.baseAddress?.assumingMemoryBound(to: UInt8.self), &count) == 1,
                count == target.count
            else { throw CryptographyError.openSSL(refusal, code: .invalidKey) }
        }
        // Checked again, should a provider let it pass.
        let isZero = shared.withBytes { unsafe constantTimeEquals($0, [UInt8](repeating: 0, count: 32).span.bytes) }
        guard !isZero else { throw CryptographyError(code: .invalidKey, message: refusal) }
        return shared
    }
}
