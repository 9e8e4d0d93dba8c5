/// Why a repository operation failed, in terms the command line maps to exit codes.
package struct RepositoryError: Error, Sendable, CustomStringConvertible {
    /// The classes of failure that callers tell apart.
    package enum Code: Sendable, Hashable {
        /// There is no repository at the location.
        case noRepository
        /// `create` found a repository already there.
        case alreadyExists
        /// No key slot opens with the given password, key file or words.
        case wrongKey
        /// The key was right, but it does not allow what was asked (a writer cannot read, for instance).
        case notPermitted
        /// Stored bytes are damaged, forged or contradict each other.
        case integrity
        /// An object that is referred to does not exist.
        case missing
        /// The repository is newer than this program, or needs a feature it lacks.
        case unsupported
        /// Another run of the same dataset is in progress on this host.
        case busy
        /// A prune held this run for dead while it was suspended: what it has committed may not count.
        case heldForDead
        /// The caller asked for something that makes no sense (an ambiguous snapshot id, for instance).
        case invalidRequest
        /// The user stopped the run.
        case cancelled
    }

    /// The class of the failure.
    package var code: Code
    /// What is wrong and, where one can do something about it, what.
    package var message: String
    /// The error below, if there was one.
    package var cause: (any Error)?

    /// Makes an error of one class.
    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String {
        guard let cause else { return message }
        return "\(message): \(cause)"
    }
}
