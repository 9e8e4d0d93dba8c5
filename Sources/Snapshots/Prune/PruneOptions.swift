package import Records
package import Repository
import Synchronization

/// What a prune is asked to do.
package struct PruneOptions: Sendable {
    /// How much it writes anew.
    package var policy = PrunePolicy()
    /// Whether nothing is changed.
    package var isDryRun = false
    /// For how long packs of an interrupted run stay that only its own lists name, seconds.
    package var keepUnreferencedSeconds: UInt64 = 7 * 24 * 60 * 60
    /// How its run writes.
    package var writing = WriteOptions()

    /// The defaults.
    package init() {}
}

/// The parts of a prune, in their order.
package enum PrunePhase: String, Sendable, CaseIterable {
    /// All snapshots, to find what they need.
    case snapshots
    /// What is needed of each pack.
    case packs
    /// Writing anew what is needed of packs that are mostly not.
    case repack
    /// Waiting for runs that might refer to what goes.
    case waiting
    /// Deleting.
    case deletion
}

/// Told of a prune's course.
package protocol PruneObserver: Sendable {
    /// The next part begins.
    func begins(_ phase: PrunePhase)
    /// Something worth a warning.
    func warning(_ message: String)
    /// These runs are waited for.
    func waits(for runs: [RunReference])
}

/// What a prune did, or would do.
package struct PruneSummary: Sendable, Hashable {
    /// Snapshots whose needs were found.
    package var snapshots = 0
    /// Packs before.
    package var packs = 0
    /// Their bytes.
    package var packBytes: UInt64 = 0
    /// Frames that nothing needed, bytes.
    package var unusedBytes: UInt64 = 0
    /// Packs deleted, those written anew included.
    package var packsDeleted = 0
    /// Their bytes.
    package var bytesDeleted: UInt64 = 0
    /// Packs written anew.
    package var packsRepacked = 0
    /// Their bytes, before.
    package var bytesRepacked: UInt64 = 0
    /// Bytes of new packs.
    package var bytesWritten: UInt64 = 0
    /// Index fragments deleted.
    package var fragmentsDeleted = 0
    /// Pack lists deleted.
    package var listsDeleted = 0
    /// Packs of the plan that had become needed meanwhile.
    package var packsTakenBack = 0
    /// Runs that were held for dead.
    package var runsHeldForDead = 0
    /// Frames that nothing needs and that stay, bytes.
    package var unusedRemaining: UInt64 = 0
    /// Of these, in packs that this key cannot read.
    package var unusedUnreadable: UInt64 = 0
    /// Packs that stay for the sake of a run that was interrupted lately or is not over.
    package var packsProtected = 0
    /// Their bytes.
    package var bytesProtected: UInt64 = 0
    /// Packs that could not be read, and stay.
    package var packsDamaged = 0

    /// Nothing done.
    package init() {}

    /// Whether nothing that it read was damaged.
    package var isGood: Bool { packsDamaged == 0 }

    /// Bytes that the repository is smaller.
    package var bytesFreed: UInt64 { bytesDeleted > bytesWritten ? bytesDeleted - bytesWritten : 0 }
}

/// Counters of a running prune, for progress lines; read from any thread.
package final class PruneProgress: Sendable {
    private let done = Atomic<Int>(0)
    private let all = Atomic<Int>(0)
    private let bytes = Atomic<UInt64>(0)
    private let bytesAll = Atomic<UInt64>(0)
    private let phase = Atomic<Int>(0)

    /// All zero.
    package init() {}

    /// Snapshots, or packs, dealt with in this part.
    package var itemsDone: Int { done.load(ordering: .relaxed) }
    /// How many there are in this part; 0 before that is known.
    package var itemsTotal: Int { all.load(ordering: .relaxed) }
    /// Bytes dealt with in this part.
    package var bytesDone: UInt64 { bytes.load(ordering: .relaxed) }
    /// Bytes in this part.
    package var bytesTotal: UInt64 { bytesAll.load(ordering: .relaxed) }
    /// Whether items are packs, rather than snapshots.
    package var countsPacks: Bool { phase.load(ordering: .relaxed) == 1 }

    func expect(items: Int, bytes byteCount: UInt64, arePacks: Bool) {
        done.store(0, ordering: .relaxed)
        bytes.store(0, ordering: .relaxed)
        all.store(items, ordering: .relaxed)
        bytesAll.store(byteCount, ordering: .relaxed)
        phase.store(arePacks ? 1 : 0, ordering: .relaxed)
    }

    func add(bytes byteCount: UInt64 = 0) {
        done.wrappingAdd(1, ordering: .relaxed)
        bytes.wrappingAdd(byteCount, ordering: .relaxed)
    }
}
