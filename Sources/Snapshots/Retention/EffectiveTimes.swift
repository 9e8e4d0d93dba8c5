import Cryptography
package import Records
package import Repository

/// The times by which retention judges snapshots.
package struct EffectiveTimes: Sendable {
    private let arrivals: [ObjectHash: Int64]
    private let log: CommitLog
    private let policies: PolicyChain
    private let byID: [ObjectHash: VerifiedCommit]
    private let now: Int64

    /// Takes what a look at the history has shown.
    package init(_ log: CommitLog, arrivals: [ObjectHash: Int64], policies: PolicyChain, now: Int64) {
        self.now = now
        self.arrivals = arrivals
        self.log = log
        self.policies = policies
        byID = Dictionary(log.commits.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// When a snapshot was made, ns, and whether its maker's word was taken for it.
    ///
    /// Of what owners and managers made, the time that they gave it counts (a copy of an old snapshot is old), but none
    /// later than its commit. Of what writers made, its arrival. A snapshot that replaces another (new tags, a rewrite) is
    /// as old as that one, and as trusted.
    package func time(of snapshot: Snapshot) -> (time: Int64, isTrusted: Bool) {
        var origin = snapshot.id
        // A commit names the hash of the one it replaces, so there is no circle.
        while let replaced = byID[origin]?.replaces, byID[replaced] != nil { origin = replaced }
        let made = arrivals[origin] ?? snapshot.commit.time
        if let replaced = byID[origin]?.replaces, let forgotten = log.forgotten.commits[replaced],
            !policies.maintainsNow(forgotten.member)
        {
            return (arrivals[replaced] ?? made, false)
        }
        let member = byID[origin]?.commit.signer ?? snapshot.commit.signer
        guard policies.maintainsNow(member) else { return (made, false) }
        return (min(now, snapshot.details.time, byID[origin]?.commit.time ?? snapshot.commit.time), true)
    }
}
