internal import Cryptography

extension HKDF {
    /// Expands the chunker key into `count` bytes for a purpose that its name, as ASCII, stands for.
    static func expand(_ key: borrowing Secret, purpose: String, count: Int) throws -> Secret {
        let info = Array(purpose.utf8)
        return try unsafe expand(key, info: info.span.bytes, count: count)
    }
}
