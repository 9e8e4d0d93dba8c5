internal import COpenSSL

/// The scrypt function (RFC 7914): a key from a passphrase, at a cost in memory that a guesser must pay as well.
package enum Scrypt {
    /// What one derivation costs.
    package struct Parameters: Hashable, Sendable {
        /// The cost in time and memory, a power of two.
        package var n: UInt64
        /// The block size, in units of 128 bytes.
        package var r: UInt32
        /// The number of independent lanes, run one after another.
        package var p: UInt32

        /// The least cost that is accepted, from OWASP's advice on storing passwords (2^17 with r = 8, p = 1).
        package static let minimumN: UInt64 = 1 << 17
        /// The greatest cost that is accepted, so that a hostile key slot cannot exhaust the machine.
        package static let maximumN: UInt64 = 1 << 20
        /// The accepted block sizes.
        package static let blockSizes: ClosedRange<UInt32> = 8...32
        /// The accepted numbers of lanes.
        package static let laneCounts: ClosedRange<UInt32> = 1...4
        /// The most working memory that is accepted, in bytes: 1 GiB for the table of N blocks.
        package static let maximumMemory: UInt64 = 1 << 30
        /// What new passphrases get: 128 MiB and about half a second.
        package static let standard = Parameters(n: 1 << 17, r: 8, p: 1)

        /// Makes parameters without judging them; `validate` does.
        package init(n: UInt64, r: UInt32, p: UInt32) {
            self.n = n
            self.r = r
            self.p = p
        }

        /// Throws `.invalidParameters` unless every parameter, and the memory they need together, lies in its range.
        ///
        /// Cheap, and meant to run over every stored key slot before any derivation starts.
        package func validate() throws {
            guard n.nonzeroBitCount == 1, (Self.minimumN...Self.maximumN).contains(n) else {
                throw refusal("N must be a power of two from 2^17 to 2^20")
            }
            guard Self.blockSizes.contains(r) else { throw refusal("r must be 8 to 32") }
            guard Self.laneCounts.contains(p) else { throw refusal("p must be 1 to 4") }
            guard n * UInt64(r) <= Self.maximumMemory / 128 else { throw refusal("128 · N · r must not exceed 1 GiB") }
        }

        private func refusal(_ reason: String) -> CryptographyError {
            CryptographyError(
                code: .invalidParameters,
                message: "scrypt parameters N=\(n), r=\(r), p=\(p) are refused: \(reason)"
            )
        }
    }

    /// Derives `count` bytes from a passphrase; throws `.invalidParameters` for parameters that `validate` refuses.
    package static func derive(
        passphrase: borrowing Secret,
        salt: RawSpan,
        parameters: Parameters,
        count: Int
    ) throws -> Secret {
        try parameters.validate()
        return try deriveUnchecked(passphrase: passphrase, salt: salt, parameters: parameters, count: count)
    }

    /// Derives as `derive` does, under any parameters that RFC 7914 allows; for published vectors and cheap tests only.
    package static func deriveUnchecked(
        passphrase: borrowing Secret,
        salt: RawSpan,
        parameters: Parameters,
        count: Int
    ) throws -> Secret {
        guard count > 0 else {
            throw CryptographyError(code: .invalidParameters, message: "scrypt cannot derive \(count) bytes")
        }
        // OpenSSL's default bound of 32 MiB rejects even N = 2^15, so name the exact need: the lanes' blocks and the
        // table of N blocks with two for scratch.
        let (blocks, overflow) = (parameters.n &+ 2 &+ UInt64(parameters.p)).multipliedReportingOverflow(
            by: 128 * UInt64(parameters.r)
        )
        guard !overflow, parameters.n < 1 << 40 else {
            throw CryptographyError(
                code: .invalidParameters,
                message: "scrypt with N=\(parameters.n) needs more memory than there is"
            )
        }
        return try unsafe Secret(count: count) { target in
            let status = passphrase.withBytes { passphrase in
                unsafe passphrase.withUnsafeBytes { passphrase in
                    unsafe salt.withUnsafeBytes { salt in
                        unsafe EVP_PBE_scrypt(
                            passphrase.baseAddress?.assumingMemoryBound(to: CChar.self),
                            passphrase.count,
                            salt.baseAddress?.assumingMemoryBound(to: UInt8.self),
                            salt.count,
                            parameters.n,
                            UInt64(parameters.r),
                            UInt64(parameters.p),
                            blocks,
                            target.baseAddress?.assumingMemoryBound(to: UInt8.self),
                            target.count
                        )
                    }
                }
            }
            try requireSuccess(status, "scrypt with N=\(parameters.n), r=\(parameters.r), p=\(parameters.p) failed")
        }
    }
}
