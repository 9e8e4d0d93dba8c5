internal import COpenSSL

/// The one owner of an OpenSSL public key of 32 bytes.
@safe
struct PublicKeyHandle: ~Copyable {
    private let key: OpaquePointer

    /// Takes the public key's bytes; throws `.invalidKey` if OpenSSL refuses them.
    init(_ algorithm: CurveAlgorithm, bytes: Digest) throws {
        let array = bytes.bytes
        let key = unsafe array.withUnsafeBufferPointer { bytes in
            unsafe EVP_PKEY_new_raw_public_key(algorithm.identifier, nil, bytes.baseAddress, bytes.count)
        }
        guard let key = unsafe key else {
            throw CryptographyError.openSSL("cannot load an \(algorithm.name) public key", code: .invalidKey)
        }
        unsafe self.key = key
    }

    deinit {
        unsafe EVP_PKEY_free(key)
    }

    /// Names this key as the other side of an agreement.
    func set(asPeerOf context: OpaquePointer) throws {
        try requireSuccess(unsafe EVP_PKEY_derive_set_peer(context, key), "cannot set the peer of an X25519 agreement")
    }

    /// Whether a signature over a message is this Ed25519 key's; false if OpenSSL fails.
    func isValid(signature: RawSpan, for message: RawSpan) -> Bool {
        guard let context = unsafe EVP_MD_CTX_new() else { return false }
        defer {
            unsafe EVP_MD_CTX_free(context)
            OpenSSLErrorStack.clear()
        }
        guard unsafe EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1 else { return false }
        return unsafe signature.withUnsafeBytes { signature in
            unsafe message.withUnsafeBytes { message in
                unsafe EVP_DigestVerify(
                    context,
                    signature.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    signature.count,
                    message.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    message.count
                ) == 1
            }
        }
    }
}
