import Synchronization

/// The parts of a check, in their order.
package enum CheckPhase: String, Sendable, CaseIterable {
    /// Header, policies, slots, commits and all other records.
    case structure
    /// Index fragments.
    case index
    /// Manifests of all snapshots.
    case manifests
    /// Packs, read whole.
    case data
    /// Which files damage has hit.
    case damage
}

/// Told of a check's course, from any thread.
package protocol CheckObserver: Sendable {
    /// Something was found.
    func problem(_ problem: CheckProblem)
    /// The next part begins.
    func begins(_ phase: CheckPhase)
    /// What a snapshot has lost in all, told at the end for each that has lost something.
    func lost(_ losses: SnapshotLosses)
}

/// Counters of a running check, for progress lines; read from any thread.
package final class CheckProgress: Sendable {
    private let snapshots = Atomic<Int>(0)
    private let snapshotsAll = Atomic<Int>(0)
    private let packs = Atomic<Int>(0)
    private let packsAll = Atomic<Int>(0)
    private let bytes = Atomic<UInt64>(0)
    private let bytesAll = Atomic<UInt64>(0)

    /// All zero.
    package init() {}

    /// Snapshots whose manifest was walked.
    package var snapshotsDone: Int { snapshots.load(ordering: .relaxed) }
    /// Snapshots to walk; 0 before that is known.
    package var snapshotsTotal: Int { snapshotsAll.load(ordering: .relaxed) }
    /// Packs read.
    package var packsDone: Int { packs.load(ordering: .relaxed) }
    /// Packs to read; 0 before that is known.
    package var packsTotal: Int { packsAll.load(ordering: .relaxed) }
    /// Bytes of packs read.
    package var bytesDone: UInt64 { bytes.load(ordering: .relaxed) }
    /// Bytes of packs to read; 0 before that is known.
    package var bytesTotal: UInt64 { bytesAll.load(ordering: .relaxed) }

    func expect(snapshots count: Int) { snapshotsAll.store(count, ordering: .relaxed) }

    func expect(packs count: Int, bytes byteCount: UInt64) {
        packsAll.store(count, ordering: .relaxed)
        bytesAll.store(byteCount, ordering: .relaxed)
    }

    func addSnapshot() { snapshots.wrappingAdd(1, ordering: .relaxed) }

    func addPack() { packs.wrappingAdd(1, ordering: .relaxed) }

    func addBytes(_ count: Int) { bytes.wrappingAdd(UInt64(count), ordering: .relaxed) }
}
