internal import COpenSSL

/// OpenSSL's per-thread queue of errors.
enum OpenSSLErrorStack {
    /// Forgets what is queued, after a failure that is an answer rather than an error.
    static func clear() {
        ERR_clear_error()
    }

    /// Takes all queued errors of this thread, oldest first, joined by semicolons; empty when there are none.
    static func drain() -> String {
        var messages: [String] = []
        while true {
            let code = ERR_get_error()
            guard code != 0 else { return messages.joined(separator: "; ") }
            messages.append(text(of: code))
        }
    }

    private static func text(of code: UInt) -> String {
        // ERR_error_string_n writes at most 256 bytes for every code it knows.
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let start = buffer.baseAddress else { return "error \(code)" }
            unsafe ERR_error_string_n(code, start, buffer.count)
            return unsafe String(cString: start)
        }
    }
}

extension CryptographyError {
    /// An error that says what failed and, behind it, why according to OpenSSL; empties OpenSSL's error stack.
    static func openSSL(_ operation: String, code: Code = .libraryFailure) -> CryptographyError {
        let reasons = OpenSSLErrorStack.drain()
        return CryptographyError(code: code, message: reasons.isEmpty ? operation : "\(operation): \(reasons)")
    }
}

/// Throws unless OpenSSL answered 1, its sign of success.
@inline(__always)
func requireSuccess(_ status: Int32, _ operation: @autoclosure () -> String) throws {
    guard status == 1 else { throw CryptographyError.openSSL(operation()) }
}
