import FileSystem
import Repository
import Threads

/// What the threads of a backup share besides their queues: counts, and the store for large attributes.
final class BackupCounters: Sendable {
    let progress: BackupProgress
    let attributeStore: AttributeStore
    private let statistics = Monitor(SnapshotStatistics())
    private let tallied = Monitor(BackupTally())
    private let clock: @Sendable () -> Int64

    /// A file whose change time is closer to now than this may change again without its times changing: the kernel
    /// stamps files with the time of its last tick, at most 10 ms old.
    private static let tick: Int64 = 20_000_000

    init(progress: BackupProgress, attributeStore: AttributeStore, clock: @escaping @Sendable () -> Int64) {
        self.progress = progress
        self.attributeStore = attributeStore
        self.clock = clock
    }

    /// The counts so far.
    var totals: SnapshotStatistics { statistics.withLock { $0 } }

    func count(_ change: (inout SnapshotStatistics) -> Void) { statistics.withLock { change(&$0) } }

    /// The counts so far that are not kept.
    var tally: BackupTally { tallied.withLock { $0 } }

    /// Takes what is known of all directories at the end.
    func count(directories: BackupTally) {
        tallied.withLock { tally in
            tally.directoriesNew = directories.directoriesNew
            tally.directoriesChanged = directories.directoriesChanged
            tally.directoriesUnmodified = directories.directoriesUnmodified
        }
    }

    /// Counts a chunk that was stored, by its plain length and that in its pack; 0 there means that it was known.
    func stored(_ type: ChunkType, byteCount: Int, storedByteCount: Int) {
        guard storedByteCount > 0 else { return }
        statistics.withLock { statistics in
            statistics.bytesAdded += UInt64(byteCount)
            statistics.bytesStored += UInt64(storedByteCount)
        }
        tallied.withLock { tally in
            if type == .data { tally.dataChunks += 1 } else { tally.metadataChunks += 1 }
        }
    }

    func failed() {
        progress.addFailure()
        statistics.withLock { $0.failures += 1 }
    }

    func stableStat(_ status: FileStatus) -> StatRecord? {
        let changed = status.changed.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !changed.overflow,
            clock() - changed.partialValue - Int64(status.changed.nanoseconds) > BackupCounters.tick
        else { return nil }
        return StatRecord(status)
    }
}
