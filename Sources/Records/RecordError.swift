/// What is wrong with a record of the repository format.
///
/// The message names the record and the offending field or value; the caller adds the object's name.
package struct RecordError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure, for code that decides by it.
    package enum Code: Sendable {
        /// Bytes that break a rule of the format: damaged, truncated, or written by a faulty program.
        case malformed
        /// A newer format version, a field that must be known, or a number that this version does not know.
        case unsupported
        /// More bytes or items than the format permits; nothing was read.
        case tooLarge
        /// A checksum that does not fit the bytes before it.
        case badChecksum
        /// A signature that does not fit the record, the repository or the key.
        case badSignature
        /// A record that names another signer than the key at hand belongs to.
        case unknownSigner
    }

    /// The kind of failure.
    package var code: Code
    /// One sentence for the operator.
    package var message: String

    /// Makes an error of a kind with its message.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message, as logs and the command line show it.
    package var description: String { message }
}

/// A value that a record must have; throws `.malformed` naming what is missing.
func required<Value>(_ value: Value?, _ name: String, of what: String) throws(RecordError) -> Value {
    guard let value else { throw RecordError(.malformed, "the \(what) lacks its \(name)") }
    return value
}
