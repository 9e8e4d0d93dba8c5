internal import COpenSSL
internal import Glibc

/// Keeps the memory of this process, and with it the secrets, from being written to disk or read by other processes.
package enum ProcessHardening {
    /// Forbids core dumps and attaching debuggers, for good.
    ///
    /// Clears the dumpable flag (prctl(2)), which also gives /proc/self to root, and sets the core size limit to zero, so
    /// that children inherit it. Throws `.libraryFailure` if the kernel refuses.
    package static func apply() throws {
        guard process_forbid_dumps() == 0 else {
            throw CryptographyError(
                code: .libraryFailure,
                message: "cannot forbid dumps of this process: \(systemErrorText(errno))"
            )
        }
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0 else {
            throw CryptographyError(
                code: .libraryFailure,
                message: "cannot set the core size limit to zero: \(systemErrorText(errno))"
            )
        }
    }

    /// Whether `apply` is in force.
    package static var isApplied: Bool {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0 else { return false }
        return limit.rlim_max == 0 && process_permits_dumps() == 0
    }
}
