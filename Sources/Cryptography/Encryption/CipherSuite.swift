/// The authenticated ciphers of the format, by their number in it.
package enum CipherSuite: UInt8, Sendable, CaseIterable {
    /// AES-256 in Galois/counter mode (NIST SP 800-38D): the default.
    case aes256GCM = 1
    /// ChaCha20-Poly1305 (RFC 8439): for processors without AES instructions.
    case chaCha20Poly1305 = 2

    /// The length of the key, in bytes, for every suite.
    package static let keyByteCount = 32

    /// OpenSSL's cipher for the suite.
    var cipher: Cipher {
        switch self {
        case .aes256GCM: .aes256GCM
        case .chaCha20Poly1305: .chaCha20Poly1305
        }
    }
}
