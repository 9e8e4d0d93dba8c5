package import Records

/// Decides by what is seen of leases which runs stand still: pure, so that it can be tested with any clock.
package struct LeaseWatch: Sendable {
    /// The longest lease that is believed, ns: a run that claims more is held for dead all the same, which costs it a
    /// repetition and nothing else.
    package static let longestLease: Int64 = 24 * 60 * 60 * 1_000_000_000
    /// What is assumed of a run whose lease cannot be read, ns.
    package static let assumedLease: Int64 = 30 * 60 * 1_000_000_000

    private struct Watched {
        var lease: UInt64?
        var since: Int64
        var length: Int64
    }

    private var watched: [RunReference: Watched]

    /// Watches some runs.
    package init(_ runs: [RunReference], now: Int64) {
        watched = Dictionary(
            uniqueKeysWithValues: runs.map { ($0, Watched(lease: nil, since: now, length: LeaseWatch.assumedLease)) }
        )
    }

    /// The runs that are still waited for.
    package var waiting: [RunReference] { watched.keys.sorted() }

    /// The shortest lease among them, ns.
    package var shortestLease: Int64? { watched.values.map(\.length).min() }

    /// Notes that a run has ended.
    package mutating func noteEnd(of run: RunReference) { watched[run] = nil }

    /// Notes the highest lease of a run at a moment of the own monotonic clock.
    ///
    /// - Parameter length: how long that lease holds, ns; read only when it is new.
    /// - Returns: whether the run is to be held for dead: that lease was seen for all of its time.
    package mutating func observe(
        _ run: RunReference,
        lease: UInt64?,
        now: Int64,
        length: () -> Int64?
    ) -> Bool {
        guard var state = watched[run] else { return false }
        if state.lease != lease || lease == nil {
            if state.lease != lease { state.since = now }
            state.lease = lease
            state.length = min(max(length() ?? LeaseWatch.assumedLease, 1), LeaseWatch.longestLease)
            watched[run] = state
        }
        return now - state.since >= state.length
    }
}
