internal import COpenSSL

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
///
/// Strings of different lengths are unequal; lengths are not secret. Every comparison of tags, tokens, commitments and
/// keys goes through here.
package func constantTimeEquals(_ left: RawSpan, _ right: RawSpan) -> Bool {
    guard left.byteCount == right.byteCount else { return false }
    return unsafe left.withUnsafeBytes { leftBytes in
        unsafe right.withUnsafeBytes { rightBytes in
            guard let leftStart = leftBytes.baseAddress, let rightStart = rightBytes.baseAddress else { return true }
            return unsafe CRYPTO_memcmp(leftStart, rightStart, leftBytes.count) == 0
        }
    }
}
