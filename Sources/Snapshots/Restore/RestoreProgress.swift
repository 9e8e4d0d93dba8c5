internal import Synchronization

/// Counters of a running restore; read from any thread.
package final class RestoreProgress: Sendable {
    private let entryCount = Atomic<UInt64>(0)
    private let fileCount = Atomic<UInt64>(0)
    private let directoryCount = Atomic<UInt64>(0)
    private let restoredBytes = Atomic<UInt64>(0)
    private let skippedBytes = Atomic<UInt64>(0)
    private let unchangedCount = Atomic<UInt64>(0)
    private let deletedCount = Atomic<UInt64>(0)
    private let skippedCount = Atomic<UInt64>(0)
    private let failureCount = Atomic<UInt64>(0)
    private let integrityFailureCount = Atomic<UInt64>(0)
    private let verifiedCount = Atomic<UInt64>(0)
    private let lostEntryCount = Atomic<UInt64>(0)
    private let lostBytes = Atomic<UInt64>(0)

    /// All zero.
    package init() {}

    /// The counts so far.
    package var summary: RestoreSummary {
        RestoreSummary(
            entries: entryCount.load(ordering: .relaxed),
            files: fileCount.load(ordering: .relaxed),
            directories: directoryCount.load(ordering: .relaxed),
            bytesRestored: restoredBytes.load(ordering: .relaxed),
            bytesSkipped: skippedBytes.load(ordering: .relaxed),
            unchanged: unchangedCount.load(ordering: .relaxed),
            deleted: deletedCount.load(ordering: .relaxed),
            skipped: skippedCount.load(ordering: .relaxed),
            failures: failureCount.load(ordering: .relaxed),
            integrityFailures: integrityFailureCount.load(ordering: .relaxed),
            verified: verifiedCount.load(ordering: .relaxed),
            lostEntries: lostEntryCount.load(ordering: .relaxed),
            lostBytes: lostBytes.load(ordering: .relaxed)
        )
    }

    func addEntry() { entryCount.wrappingAdd(1, ordering: .relaxed) }

    func addDirectory() { directoryCount.wrappingAdd(1, ordering: .relaxed) }

    func addRestored(bytes: UInt64) {
        fileCount.wrappingAdd(1, ordering: .relaxed)
        restoredBytes.wrappingAdd(bytes, ordering: .relaxed)
    }

    func addUnchanged(bytes: UInt64) {
        unchangedCount.wrappingAdd(1, ordering: .relaxed)
        skippedBytes.wrappingAdd(bytes, ordering: .relaxed)
    }

    func addDeleted(_ count: UInt64) { deletedCount.wrappingAdd(count, ordering: .relaxed) }

    func addSkipped() { skippedCount.wrappingAdd(1, ordering: .relaxed) }

    func addFailure(isIntegrity: Bool) {
        failureCount.wrappingAdd(1, ordering: .relaxed)
        if isIntegrity { integrityFailureCount.wrappingAdd(1, ordering: .relaxed) }
    }

    func addLost(entries: UInt64, bytes: UInt64) {
        addFailure(isIntegrity: true)
        lostEntryCount.wrappingAdd(entries, ordering: .relaxed)
        lostBytes.wrappingAdd(bytes, ordering: .relaxed)
    }

    func addVerified(_ count: UInt64) { verifiedCount.wrappingAdd(count, ordering: .relaxed) }
}

/// What a restore did.
package struct RestoreSummary: Hashable, Sendable {
    /// Entries of the snapshot that were selected.
    package var entries: UInt64
    /// Files, links and special files that were written anew.
    package var files: UInt64
    /// Directories that were made or gone through.
    package var directories: UInt64
    /// Bytes of content of the files written.
    package var bytesRestored: UInt64
    /// Bytes of content of the files that were there already, or were kept.
    package var bytesSkipped: UInt64
    /// Files that were there already, or were kept.
    package var unchanged: UInt64
    /// Names that were removed because the snapshot does not have them.
    package var deleted: UInt64
    /// Entries that were left out because the options say so: devices.
    package var skipped: UInt64
    /// Items that could not be restored, or not completely; each was reported.
    package var failures: UInt64
    /// Those among the failures that are due to missing or damaged data in the repository.
    package var integrityFailures: UInt64
    /// Entries that were read back and found right.
    package var verified: UInt64
    /// Entries that are lost with the page that lists them, as far as their number is known.
    package var lostEntries: UInt64 = 0
    /// Bytes of content of the regular files among them.
    package var lostBytes: UInt64 = 0
}

/// What became of one item.
package enum RestoreOutcome: String, Sendable {
    /// There was nothing of its name.
    case created
    /// It took the place of something else.
    case replaced
    /// The content was right; owner, permissions, time or attributes were set.
    case updated
    /// All was right already.
    case unchanged
    /// Something else is there and was kept, as the overwrite rule says.
    case kept
    /// It was left out, as the options say.
    case skipped
}

/// Told of a restore's course, from any thread.
///
/// Paths are relative to the target.
package protocol RestoreObserver: Sendable {
    /// An item could not be restored, or not completely; the rest goes on.
    func itemFailed(_ path: [UInt8], _ error: any Error)
    /// Entries are lost with the page that lists them; the rest goes on.
    func entriesLost(_ lost: LostEntries)
    /// A name that the snapshot does not have was removed, with everything below it (in a dry run: would be).
    func deleted(_ path: [UInt8])
    /// An item was dealt with (called only if `wantsItems`; of directories only those that are made).
    func item(_ path: [UInt8], _ outcome: RestoreOutcome, bytes: UInt64)
    /// Whether `item` is to be called.
    var wantsItems: Bool { get }
    /// Something worth a warning.
    func warning(_ message: String)
}

extension RestoreObserver {
    /// Tells it as a failure of the first entry.
    package func entriesLost(_ lost: LostEntries) { itemFailed(lost.firstPath ?? [], lost) }
}
