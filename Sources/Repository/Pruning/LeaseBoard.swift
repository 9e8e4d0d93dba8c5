import Cryptography
import FileSystem
package import ObjectStorage
package import Records

/// The runs of a repository by the names of their leases.
package struct LeaseBoard: Sendable {
    /// What the names of a run's leases say.
    package struct Run: Sendable, Hashable {
        /// The numbers of its leases, ascending.
        package var numbers: [UInt64] = []
        /// Whether it has ended.
        package var hasEnded = false
        /// Whether somebody holds it for dead.
        package var isDead = false

        /// Whether a prune must wait for it.
        package var isActive: Bool { !hasEnded && !isDead }
    }

    /// The runs.
    package private(set) var runs: [RunReference: Run] = [:]

    /// No runs.
    package init() {}

    /// Lists all leases.
    package static func load(_ store: any ObjectStore) throws -> LeaseBoard {
        var board = LeaseBoard()
        try store.list(prefix: ObjectNames.leases) { name, _ in
            switch ObjectNames.parse(name.path) {
            case .lease(let member, let run, let number)?:
                board.runs[RunReference(member: member, run: run), default: Run()].numbers.append(number)
            case .leaseEnd(let member, let run)?:
                board.runs[RunReference(member: member, run: run), default: Run()].hasEnded = true
            case .leaseDead(let member, let run)?:
                board.runs[RunReference(member: member, run: run), default: Run()].isDead = true
            default: break
            }
        }
        for run in board.runs.keys { board.runs[run]?.numbers.sort() }
        return board
    }

    /// The same, with the runs that were not over at an earlier look as active: what they wrote in between may be missing
    /// in a listing of packs that was taken in between.
    package func asOf(_ earlier: LeaseBoard) -> LeaseBoard {
        var board = self
        for run in runs.keys where earlier.runs[run]?.isActive ?? true {
            board.runs[run]?.hasEnded = false
            board.runs[run]?.isDead = false
        }
        return board
    }

    /// Whether a run may still be working; one that has no lease is not.
    package func isActive(_ run: RunReference) -> Bool { runs[run]?.isActive ?? false }

    /// The runs that may still be working.
    package var active: [RunReference] { runs.filter(\.value.isActive).map(\.key).sorted() }
}

extension Repository {
    /// Reads one lease of a run.
    ///
    /// - Returns: nil for one that is gone, damaged or forged: then nothing is known of the run.
    func readLease(_ name: String, of run: RunReference) -> Lease? {
        guard let object = try? store.readAll(ObjectName(name), atMost: RecordKind.lease.maximumByteCount),
            let signer = try? SignedRecord.signer(of: object, kind: .lease),
            let key = policies.key(of: signer),
            let lease = try? SignedRecord.body(Lease.self, of: object, signedBy: key, repository: id),
            lease.member == run.member, lease.run == run.run
        else { return nil }
        return lease
    }

    /// Whether the process that wrote a lease runs, as far as this host can tell.
    func processState(of lease: Lease) -> ProcessIdentity.State {
        let own = ProcessIdentity.current
        guard let boot = lease.boot, let process = Int32(exactly: lease.process), process > 0 else { return .unknown }
        let isOfThisBoot = policy.domains.contains { domain in
            (try? keys(domain: domain.id, epoch: domain.epoch).bootToken(of: own)) == boot
        }
        guard isOfThisBoot else { return .unknown }
        return environment.processState(
            ProcessIdentity(boot: own.boot, namespace: own.namespace, process: process, start: lease.processStart)
        )
    }

    /// Declares a run dead; another may have been faster.
    func writeDead(_ run: RunReference, after number: UInt64?) throws {
        let lease = Lease(
            repository: id,
            signer: keyring.member,
            member: run.member,
            run: run.run,
            number: (number ?? 0) + 1,
            state: .dead,
            time: environment.now(),
            seconds: 0,
            activity: .other
        )
        do {
            try store.put(
                ObjectName(ObjectNames.leaseDead(member: run.member, run: run.run)),
                try SignedRecord.sign(lease, with: keyring.signingKey)
            )
        } catch let error as StorageError where error.code == .alreadyExists {}
    }
}
