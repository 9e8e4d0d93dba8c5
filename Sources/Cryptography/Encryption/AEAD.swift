internal import COpenSSL

/// Authenticated encryption with associated data under one key, for many messages.
///
/// A nonce must never serve two messages under one key; the caller keeps the counter. A failed `open` leaves the value
/// as usable as before.
package struct AEAD: ~Copyable, Sendable {
    /// The length of the tag at the end of every sealed message, in bytes.
    package static let tagByteCount = 16
    /// The length of a nonce, in bytes.
    package static let nonceByteCount = 12

    private var context: CipherContext

    /// Sets the suite and its key of 32 bytes; throws `.invalidKey` for another length.
    package init(suite: CipherSuite, key: borrowing Secret) throws {
        context = try CipherContext(suite.cipher, key: key)
    }

    /// Seals under the nonce of four zero bytes and the counter in big-endian order.
    ///
    /// Writes `plaintext.byteCount + 16` bytes from `offset`; throws `.invalidParameters` if the buffer ends before that.
    package mutating func seal(
        _ plaintext: RawSpan,
        counter: UInt64,
        associatedData: RawSpan,
        into buffer: inout [UInt8],
        at offset: Int
    ) throws {
        let nonce = Self.nonce(for: counter)
        try unsafe seal(
            plaintext,
            nonce: nonce.span.bytes,
            associatedData: associatedData,
            into: &buffer,
            at: offset
        )
    }

    /// Opens what was sealed under the same counter and associated data.
    ///
    /// Writes `sealed.byteCount - 16` bytes from `offset`. Throws `.authenticationFailed` if anything was altered or is too
    /// short, after wiping what it wrote; `.invalidParameters` if the buffer is too small, with nothing written.
    package mutating func open(
        _ sealed: RawSpan,
        counter: UInt64,
        associatedData: RawSpan,
        into buffer: inout [UInt8],
        at offset: Int
    ) throws {
        let nonce = Self.nonce(for: counter)
        try unsafe open(sealed, nonce: nonce.span.bytes, associatedData: associatedData, into: &buffer, at: offset)
    }

    /// Seals under a nonce of 12 bytes that the caller chose.
    package mutating func seal(
        _ plaintext: RawSpan,
        nonce: RawSpan,
        associatedData: RawSpan,
        into buffer: inout [UInt8],
        at offset: Int
    ) throws {
        let plaintextByteCount = plaintext.byteCount
        try Self.requireRoom(for: plaintextByteCount + Self.tagByteCount, in: buffer, at: offset)
        try begin(.encrypt, nonce: nonce, associatedData: associatedData)
        try unsafe buffer.withUnsafeMutableBytes { buffer in
            let target = unsafe UnsafeMutableRawBufferPointer(
                rebasing: buffer[offset..<offset + plaintextByteCount + Self.tagByteCount]
            )
            try unsafe finishSealing(plaintext, into: target)
        }
    }

    /// Opens under a nonce of 12 bytes that the caller chose.
    package mutating func open(
        _ sealed: RawSpan,
        nonce: RawSpan,
        associatedData: RawSpan,
        into buffer: inout [UInt8],
        at offset: Int
    ) throws {
        let plaintextByteCount = try plaintextByteCount(of: sealed)
        try Self.requireRoom(for: plaintextByteCount, in: buffer, at: offset)
        try begin(.decrypt, nonce: nonce, associatedData: associatedData)
        try unsafe buffer.withUnsafeMutableBytes { buffer in
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<offset + plaintextByteCount])
            try unsafe finishOpening(sealed, into: target)
        }
    }

    /// Seals a short message into an array of its own, under a nonce of 12 bytes that the caller chose.
    package mutating func seal(_ plaintext: RawSpan, nonce: RawSpan, associatedData: RawSpan) throws -> [UInt8] {
        var sealed = [UInt8](repeating: 0, count: plaintext.byteCount + Self.tagByteCount)
        try seal(plaintext, nonce: nonce, associatedData: associatedData, into: &sealed, at: 0)
        return sealed
    }

    /// Seals a short message into an array of its own, under a counter.
    package mutating func seal(_ plaintext: RawSpan, counter: UInt64, associatedData: RawSpan) throws -> [UInt8] {
        let nonce = Self.nonce(for: counter)
        return try unsafe seal(plaintext, nonce: nonce.span.bytes, associatedData: associatedData)
    }

    /// Opens a key payload straight into secret memory, under a nonce of 12 bytes; throws as `open` does.
    package mutating func openSecret(_ sealed: RawSpan, nonce: RawSpan, associatedData: RawSpan) throws -> Secret {
        let plaintextByteCount = try plaintextByteCount(of: sealed)
        try begin(.decrypt, nonce: nonce, associatedData: associatedData)
        return try unsafe Secret(count: plaintextByteCount) { target in
            try unsafe finishOpening(sealed, into: target)
        }
    }

    /// Opens a key payload straight into secret memory, under a counter; throws as `open` does.
    package mutating func openSecret(_ sealed: RawSpan, counter: UInt64, associatedData: RawSpan) throws -> Secret {
        let nonce = Self.nonce(for: counter)
        return try unsafe openSecret(sealed, nonce: nonce.span.bytes, associatedData: associatedData)
    }

    private static func nonce(for counter: UInt64) -> InlineArray<12, UInt8> {
        // Four zero bytes, then the counter with its highest byte first.
        InlineArray { index in
            index < 4 ? 0 : UInt8(truncatingIfNeeded: counter >> UInt64((11 - index) * 8))
        }
    }

    private func plaintextByteCount(of sealed: RawSpan) throws -> Int {
        guard sealed.byteCount >= Self.tagByteCount else {
            throw CryptographyError(
                code: .authenticationFailed,
                message: "\(context.cipher.name): \(sealed.byteCount) bytes are too few to hold a tag"
            )
        }
        return sealed.byteCount - Self.tagByteCount
    }

    private static func requireRoom(for byteCount: Int, in buffer: [UInt8], at offset: Int) throws {
        guard offset >= 0, offset <= buffer.count, byteCount <= buffer.count - offset else {
            throw CryptographyError(
                code: .invalidParameters,
                message: "a buffer of \(buffer.count) bytes has no room for \(byteCount) at \(offset)"
            )
        }
    }

    private mutating func begin(
        _ direction: CipherContext.Direction,
        nonce: RawSpan,
        associatedData: RawSpan
    ) throws {
        guard nonce.byteCount == Self.nonceByteCount else {
            throw CryptographyError(
                code: .invalidParameters,
                message: "a nonce has \(Self.nonceByteCount) bytes, not \(nonce.byteCount)"
            )
        }
        try context.begin(direction, nonce: nonce)
        try context.authenticate(associatedData)
    }

    /// Writes the ciphertext and the tag, which fill the target.
    private mutating func finishSealing(_ plaintext: RawSpan, into target: UnsafeMutableRawBufferPointer) throws {
        guard let start = target.baseAddress else { return }
        try unsafe plaintext.withUnsafeBytes { source in
            try unsafe context.process(source, into: start)
            try unsafe context.finishSealing(tag: start + source.count)
        }
    }

    /// Writes the plaintext, which fills the target, or wipes the target and throws.
    private mutating func finishOpening(_ sealed: RawSpan, into target: UnsafeMutableRawBufferPointer) throws {
        try unsafe sealed.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            do {
                try unsafe context.process(
                    UnsafeRawBufferPointer(rebasing: source.prefix(target.count)),
                    into: target.baseAddress
                )
                try unsafe context.finishOpening(tag: start + target.count)
            } catch {
                if let written = target.baseAddress { unsafe OPENSSL_cleanse(written, target.count) }
                throw error
            }
        }
    }
}
