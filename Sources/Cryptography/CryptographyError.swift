/// What went wrong in a cryptographic operation.
///
/// The message names the operation and the offending value, never a secret; where OpenSSL failed it ends with OpenSSL's
/// own error stack.
package struct CryptographyError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure, for code that decides by it.
    package enum Code: Sendable {
        /// A tag or signature does not fit: wrong key, wrong associated data, or altered bytes.
        case authenticationFailed
        /// A key has the wrong length, or is one that must not be used (a low-order point).
        case invalidKey
        /// A length, offset or cost parameter lies outside its range.
        case invalidParameters
        /// The kernel gave no random bytes.
        case randomFailed
        /// Memory for a secret or a context could not be had.
        case outOfMemory
        /// OpenSSL refused an operation that should succeed, or lacks an algorithm.
        case libraryFailure
    }

    /// The kind of failure.
    package var code: Code
    /// One sentence for the operator.
    package var message: String

    /// Makes an error of a kind with its message.
    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    /// The message, as logs and the command line show it.
    package var description: String { message }
}
