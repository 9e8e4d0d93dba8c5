/// What went wrong in chunking, compressing or decompressing.
///
/// The message names the operation and the offending value.
package struct ChunkingError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure, for code that decides by it.
    package enum Code: Sendable {
        /// Chunker parameters or a key outside the allowed range.
        case invalidParameters
        /// Text that names no compression setting.
        case invalidSetting
        /// An offset or length that the caller's buffer does not hold.
        case bufferTooSmall
        /// Compressed data that is damaged, or does not give exactly the length it should.
        case corrupt
        /// A compression library refused an operation that should succeed.
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
