import FileSystem
import Glibc
import ObjectStorage
import Records
import Threads

/// A run's lease: tells a prune that the run is alive (format.md §13).
final class RunLease: Sendable {
    private struct State {
        var next: UInt64 = 0
        var renewed: Int64 = 0
    }

    private let repository: Repository
    private let keys: DomainKeys
    private let run: RunID
    private let seconds: UInt64
    private let kind: LeaseActivity
    private let state = Monitor(State())

    init(repository: Repository, keys: DomainKeys, run: RunID, seconds: UInt64, kind: LeaseActivity) {
        self.repository = repository
        self.keys = keys
        self.run = run
        self.seconds = seconds
        self.kind = kind
    }

    /// Writes the first record, durable on return.
    func begin() throws { try write(state: .active) }

    /// Writes the next record if a third of the lease time has passed on the monotonic clock.
    func renewIfDue() throws {
        let isDue = state.withLock { state in
            monotonicNanoseconds() - state.renewed >= Int64(seconds) * 1_000_000_000 / 3
        }
        if isDue { try write(state: .active) }
    }

    /// Whether somebody has declared the run dead.
    func isDeclaredDead() throws -> Bool {
        try repository.store.exists(
            ObjectName(ObjectNames.leaseDead(member: repository.keyring.member, run: run))
        )
    }

    /// Writes the end.
    func end() throws { try write(state: .ended) }

    private func write(state leaseState: LeaseState) throws {
        let number = state.withLock { state in
            defer { if leaseState == .active { state.next += 1 } }
            return state.next
        }
        let identity = ProcessIdentity.current
        let member = repository.keyring.member
        let lease = Lease(
            repository: repository.id,
            signer: member,
            member: member,
            run: run,
            number: number,
            state: leaseState,
            time: repository.environment.now(),
            seconds: seconds,
            activity: kind,
            boot: try keys.bootToken(of: identity.boot),
            process: UInt64(identity.process),
            processStart: identity.start
        )
        let name =
            leaseState == .ended
            ? ObjectNames.leaseEnd(member: member, run: run)
            : ObjectNames.lease(member: member, run: run, number: number)
        try repository.store.put(ObjectName(name), try SignedRecord.sign(lease, with: repository.keyring.signingKey))
        state.withLock { $0.renewed = monotonicNanoseconds() }
    }
}
