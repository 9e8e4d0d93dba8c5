import FileSystem
package import Records

/// How waiting for a run went.
package enum RunOutcome: Sendable, Hashable {
    /// It has ended by itself.
    case ended
    /// It stood still, or its process is gone: it was declared dead.
    case heldForDead
    /// It goes on (only where that is not waited for).
    case alive
}

extension Repository {
    /// Waits until each run has ended or stood still for the time of its lease, by the monotonic clock of this host, and
    /// declares those that stand still dead.
    ///
    /// A run of this boot and host whose process is gone is declared dead at once.
    ///
    /// - Parameters:
    ///   - patiently: whether runs that go on are waited for; otherwise the first sign of life counts as `.alive`.
    ///   - waiting: called between two looks with the runs that are waited for; may throw to give up.
    package func settle(
        _ runs: [RunReference],
        patiently: Bool = true,
        waiting: ([RunReference]) throws -> Void
    ) throws -> [RunReference: RunOutcome] {
        var outcomes: [RunReference: RunOutcome] = [:]
        var watch = LeaseWatch(runs, now: environment.monotonic())
        var last: [RunReference: Lease] = [:]
        var first: [RunReference: UInt64] = [:]
        while !watch.waiting.isEmpty {
            let board = try LeaseBoard.load(store)
            for run in watch.waiting {
                guard let state = board.runs[run], state.isActive else {
                    outcomes[run] = board.runs[run]?.isDead ?? false ? .heldForDead : .ended
                    watch.noteEnd(of: run)
                    continue
                }
                let number = state.numbers.last
                let isStill = watch.observe(run, lease: number, now: environment.monotonic()) {
                    guard let number else { return nil }
                    last[run] = readLease(
                        ObjectNames.lease(member: run.member, run: run.run, number: number),
                        of: run
                    )
                    return last[run].map { Int64(clamping: min($0.seconds, 1 << 30)) * 1_000_000_000 }
                }
                let process = last[run].map(processState)
                if isStill || process == .ended {
                    try writeDead(run, after: number)
                    outcomes[run] = .heldForDead
                    watch.noteEnd(of: run)
                } else if !patiently, process == .running || first[run].map({ $0 != number }) ?? false {
                    outcomes[run] = .alive
                    watch.noteEnd(of: run)
                } else if let number, first[run] == nil {
                    first[run] = number
                }
            }
            guard let shortest = watch.shortestLease else { break }
            try waiting(watch.waiting)
            // A twentieth of a lease, so that a renewal is not missed, and at most some seconds.
            environment.sleep(min(max(shortest / 20, 20_000_000), 5_000_000_000))
        }
        return outcomes
    }
}
