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
        var begun: Int64 = 0
    }

    private let repository: Repository
    private let keys: DomainKeys
    private let run: RunID
    private let options: WriteOptions
    private let kind: LeaseActivity
    private let state = Monitor(State())

    init(repository: Repository, keys: DomainKeys, run: RunID, options: WriteOptions, kind: LeaseActivity) {
        self.repository = repository
        self.keys = keys
        self.run = run
        self.options = options
        self.kind = kind
    }

    /// Writes the first record, durable on return.
    func begin() throws {
        state.withLock { $0.begun = repository.environment.monotonic() }
        try write(state: .active)
    }

    /// Writes the next record if a third of the lease time has passed on the monotonic clock.
    ///
    /// - Throws: `RepositoryError.heldForDead` if a prune has given the run up, `.busy` if it has lasted too long.
    func renewIfDue() throws {
        let now = repository.environment.monotonic()
        let (renewed, begun) = state.withLock { ($0.renewed, $0.begun) }
        guard now - renewed >= Int64(options.leaseSeconds) * 1_000_000_000 / 3 else { return }
        // A prune waits for every run, so no run may go on for ever.
        guard now - begun < Int64(options.longestSeconds) * 1_000_000_000 else {
            throw RepositoryError(
                .busy,
                "the run has lasted longer than \(options.longestSeconds / 3600) hours, which keeps space from being "
                    + "freed: run it again, what is stored so far is used"
            )
        }
        try write(state: .active)
        try requireAlive()
    }

    /// Throws `RepositoryError.heldForDead` if somebody has declared the run dead.
    func requireAlive() throws {
        guard try isDeclaredDead() else { return }
        throw RepositoryError(
            .heldForDead,
            "this run was suspended so long that a prune held it for dead; what it wrote may be gone: run it again"
        )
    }

    /// Whether somebody has declared the run dead.
    func isDeclaredDead() throws -> Bool {
        try repository.store.exists(
            ObjectName(ObjectNames.leaseDead(member: repository.keyring.member, run: run))
        )
    }

    /// Writes the end.
    ///
    /// - Parameter commit: what the run has committed.
    func end(commit: ObjectHash? = nil) throws { try write(state: .ended, commit: commit) }

    private func write(state leaseState: LeaseState, commit: ObjectHash? = nil) throws {
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
            seconds: options.leaseSeconds,
            activity: kind,
            boot: try keys.bootToken(of: identity),
            process: UInt64(identity.process),
            processStart: identity.start,
            commit: commit
        )
        let name =
            leaseState == .ended
            ? ObjectNames.leaseEnd(member: member, run: run)
            : ObjectNames.lease(member: member, run: run, number: number)
        // Before the object: a lease is counted from when it was asked for, not from when a slow store has it.
        let now = repository.environment.monotonic()
        try repository.store.put(ObjectName(name), try SignedRecord.sign(lease, with: repository.keyring.signingKey))
        state.withLock { $0.renewed = now }
    }
}
