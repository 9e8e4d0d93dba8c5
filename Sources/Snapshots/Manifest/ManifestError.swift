/// What is wrong with a manifest, or with an entry that should go into one.
package struct ManifestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The closed set of causes.
    package enum Code: Hashable, Sendable {
        /// Bytes that are not a page, an extent list or an entry of this format.
        case malformed
        /// A page version or a critical field that a later version of the format defines.
        case unsupported
        /// A path with a component that the format forbids, or that is too long.
        case invalidPath
        /// An entry that does not stand after the one before it; duplicates too.
        case outOfOrder
        /// An entry whose parent is not an open directory, or a directory whose end is missing or misplaced.
        case nesting
        /// An entry whose fields do not fit its kind or each other.
        case invalidEntry
        /// A page whose level is not the one that its parent states.
        case levelMismatch
        /// Counts or byte sums that do not agree with what they count.
        case countMismatch
        /// A digest that is not the one of what it covers.
        case digestMismatch
        /// A sum beyond 64 bits, a tree beyond its greatest height.
        case tooLarge
        /// A call that the state of the builder or cursor does not allow.
        case misuse
    }

    /// The cause, for whoever decides by it.
    package var code: Code
    /// One sentence that names the page or path, and the value that is wrong.
    package var message: String

    /// Makes an error of a code with its message.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message, as logs and the command line show it.
    package var description: String { message }
}

/// A path as text that is safe to print: bytes other than printable ASCII become `\xNN`, long paths are cut.
func printable(_ path: some Collection<UInt8>) -> String {
    let limit = 256
    var text = "“"
    for byte in path.prefix(limit) {
        if (0x20..<0x7f).contains(byte), byte != UInt8(ascii: "\\") {
            text.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            let digits = String(byte, radix: 16)
            text += digits.count == 1 ? "\\x0\(digits)" : "\\x\(digits)"
        }
    }
    return text + (path.count > limit ? "…”" : "”")
}

/// The sum, or `.tooLarge` where it does not fit 64 bits.
@inline(__always)
func checkedSum(_ left: UInt64, _ right: UInt64, _ what: @autoclosure () -> String) throws -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    guard !overflow else { throw ManifestError(.tooLarge, "\(what()) exceeds 64 bits") }
    return sum
}
