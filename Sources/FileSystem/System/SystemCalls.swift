internal import CLinux
internal import Glibc

/// A name as C wants it, with a zero byte at its end.
///
/// It must not outlive the closure it is handed to.
@safe
struct CName {
    /// The first byte.
    @unsafe let pointer: UnsafePointer<CChar>
}

/// Makes a call on one file name and throws what it reports.
///
/// The bytes are copied to the stack with a zero at their end, so nothing is allocated. A name that is not the name
/// of a directory's entry (empty, `.`, `..`, with a `/` or a zero byte in it) is refused before the call is made.
/// - Returns: the call's result, never negative.
@inline(__always)
@discardableResult
func callNaming(
    _ name: Span<UInt8>,
    _ operation: StaticString,
    _ call: (CName) -> Int
) throws(SystemError) -> Int {
    let result = isFileName(name) ? withCName(name, call) : Int(-EINVAL)
    if result < 0 { throw systemError(result, operation, name) }
    return result
}

/// Throws when a call reports a negated error number; passes its result on otherwise.
@inline(__always)
@discardableResult
func checked(
    _ result: Int,
    _ operation: @autoclosure () -> String,
    _ path: @autoclosure () -> [UInt8] = []
) throws(SystemError) -> Int {
    if result < 0 { throw SystemError(errno: Int32(-result), operation: operation(), path: path()) }
    return result
}

/// Lends the bytes with a zero at their end.
///
/// Zero bytes among them are the caller's concern.
@inline(__always)
func withCName<Result>(_ bytes: Span<UInt8>, _ body: (CName) -> Result) -> Result {
    let count = bytes.count
    return unsafe bytes.withUnsafeBytes { source in
        unsafe withUnsafeTemporaryAllocation(byteCount: count + 1, alignment: 1) { buffer in
            unsafe buffer.copyMemory(from: source)
            unsafe buffer[count] = 0
            guard let base = unsafe buffer.assumingMemoryBound(to: CChar.self).baseAddress else {
                preconditionFailure("no stack")
            }
            return unsafe body(CName(pointer: base))
        }
    }
}

/// Whether the bytes can be the name of an entry in a directory: not empty, not `.` or `..`, no `/`, no zero byte.
package func isFileName(_ name: Span<UInt8>) -> Bool {
    unsafe name.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress, bytes.count > 0 else { return false }
        if unsafe memchr(base, 0x2F, bytes.count) != nil { return false }
        if unsafe memchr(base, 0, bytes.count) != nil { return false }
        if unsafe bytes[0] != 0x2E { return true }
        if bytes.count == 1 { return false }
        return unsafe bytes.count != 2 || bytes[1] != 0x2E
    }
}

/// The bytes of a span as an array.
func array(_ bytes: Span<UInt8>) -> [UInt8] {
    unsafe bytes.withUnsafeBytes { unsafe Array($0) }
}

@inline(never)
private func systemError(_ result: Int, _ operation: StaticString, _ name: Span<UInt8>) -> SystemError {
    SystemError(errno: Int32(-result), operation: "\(operation)", path: array(name))
}

/// Flags of open(2) that the C library shows to GNU programs only.
enum OpenFlag {
    /// A descriptor that only names the file.
    static let path = Int32(CLINUX_O_PATH)
    /// Reading leaves the access time alone.
    static let noAccessTime = Int32(CLINUX_O_NOATIME)
    /// A file without a name.
    static let temporary = Int32(CLINUX_O_TMPFILE)
}
