internal import COpenSSL
internal import Glibc

/// Random bytes straight from the kernel.
///
/// No generator state lives in the process, so a cloned virtual machine or a forked process cannot repeat another's
/// output; getrandom(2) blocks until the kernel's own generator is seeded.
package enum Random {
    /// The given number of random bytes; throws `.randomFailed` if the kernel refuses.
    package static func bytes(_ count: Int) throws -> [UInt8] {
        guard count >= 0 else {
            throw CryptographyError(code: .invalidParameters, message: "cannot draw \(count) random bytes")
        }
        return try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            try unsafe fill(UnsafeMutableRawBufferPointer(buffer))
            initializedCount = count
        }
    }

    /// Fills a buffer with random bytes.
    static func fill(_ buffer: UnsafeMutableRawBufferPointer) throws {
        var filled = 0
        while filled < buffer.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = unsafe getrandom(rest.baseAddress, rest.count, 0)
            if count > 0 {
                filled += count
            } else if errno != EINTR {
                throw CryptographyError(
                    code: .randomFailed,
                    message: "the kernel gave no random bytes: \(systemErrorText(errno))"
                )
            }
        }
    }
}

/// The C library's words for an error number.
func systemErrorText(_ number: Int32) -> String {
    // Since version 2.32 glibc keeps the text per thread.
    guard let text = unsafe strerror(number) else { return "error \(number)" }
    return unsafe String(cString: text)
}
