import Threads

/// The first error of any thread of a run: from then on everything the run does fails with it.
final class RunFailure: Sendable {
    private let first = Monitor<(any Error)?>(nil)

    /// Notes an error if it is the first.
    func note(_ error: any Error) {
        first.change { if $0 == nil { $0 = error } }
    }

    /// Throws the first error, if there was one.
    func check() throws {
        if let error = first.withLock({ $0 }) { throw error }
    }
}
