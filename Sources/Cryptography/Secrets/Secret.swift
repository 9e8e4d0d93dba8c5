internal import COpenSSL

/// Secret bytes that exist once, cannot be copied by accident or printed, and are wiped when their owner lets go.
///
/// The bytes lie in locked pages outside the Swift heap, kept out of core dumps. Code that borrows them must not keep
/// them in arrays or strings, which Swift copies freely and never wipes.
@safe
package struct Secret: ~Copyable, @unchecked Sendable {
    // Sendable, because the bytes never change after the initialiser and this value is their only owner.
    private let start: UnsafeMutableRawPointer

    /// The number of secret bytes; not itself a secret.
    package let count: Int

    /// Makes a secret of `count` bytes, zero at first, which the closure fills in place; wiped if the closure throws.
    ///
    /// Throws `.outOfMemory`, `.invalidParameters` for a negative count or more than 1 GiB, and what the closure throws.
    package init(count: Int, filling body: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
        let start = unsafe try SecretArena.shared.allocate(byteCount: count)
        do {
            unsafe try body(UnsafeMutableRawBufferPointer(start: start, count: count))
        } catch {
            unsafe SecretArena.shared.release(start, byteCount: count)
            throw error
        }
        unsafe self.start = start
        self.count = count
    }

    /// Copies bytes that the caller wipes, or that came from a place where they lie anyway.
    package init(copying bytes: RawSpan) throws {
        try unsafe self.init(count: bytes.byteCount) { target in
            unsafe bytes.withUnsafeBytes { source in
                unsafe target.copyMemory(from: source)
            }
        }
    }

    deinit {
        unsafe SecretArena.shared.release(start, byteCount: count)
    }

    /// Random bytes straight from the kernel; throws `.randomFailed`.
    package static func random(count: Int) throws -> Secret {
        try unsafe Secret(count: count) { try unsafe Random.fill($0) }
    }

    /// Lends the bytes to a closure, which must not let them escape.
    package borrowing func withBytes<R: ~Copyable, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try body(unsafe RawSpan(_unsafeStart: start, byteCount: count))
    }

    /// A second owner with bytes of its own.
    package borrowing func copy() throws -> Secret {
        try withBytes { try Secret(copying: $0) }
    }

    /// Whether two secrets hold the same bytes, in a time that depends on their lengths alone.
    package borrowing func equals(_ other: borrowing Secret) -> Bool {
        guard count == other.count else { return false }
        return unsafe CRYPTO_memcmp(start, other.start, count) == 0
    }
}
