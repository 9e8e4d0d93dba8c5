import Cryptography
import FileSystem

/// Groups the steps of a walk into batches: small files that lie next to each other share a bundle, a large file is a
/// batch of its own.
///
/// Where a bundle ends depends on paths and sizes alone, so that a walk without a file cache makes the same bundles
/// again, and a new file changes one bundle, not all that follow.
struct BatchAssembler {
    /// Sizes of bundles, derived from those of chunks.
    struct Limits: Hashable {
        /// Files above this are chunked by themselves, bytes.
        var smallFile: UInt64
        /// A bundle does not end below this, bytes.
        var least: UInt64
        /// The mean, bytes.
        var mean: UInt64
        /// A bundle ends at this at the latest, bytes.
        var most: UInt64

        init(chunkMaximum: Int) {
            let maximum = UInt64(chunkMaximum)
            smallFile = min(256 << 10, maximum / 4)
            least = maximum / 16
            mean = maximum / 4
            most = maximum / 2
        }
    }

    /// Steps in a batch at most: bounds the memory of those that carry no content.
    private static let mostItems = 512
    /// Directories with files to read in a batch at most: each keeps a descriptor open.
    private static let mostDirectories = 48

    private let limits: Limits
    private let emit: (EntryBatch, _ hasWork: Bool) throws -> Void
    private var batch = EntryBatch()
    private var bundleBytes: UInt64 = 0
    private var directories = 0
    private var lastDirectory: Directory?
    private var hasWork = false

    init(limits: Limits, emit: @escaping (EntryBatch, _ hasWork: Bool) throws -> Void) {
        self.limits = limits
        self.emit = emit
    }

    /// Adds a step.
    mutating func add(_ item: consuming BatchItem) throws {
        guard case .read(let file) = item.work else {
            batch.items.append(item)
            if batch.items.count >= BatchAssembler.mostItems { try close() }
            return
        }
        let size = UInt64(max(0, file.status.size))
        if size > limits.smallFile {
            try close()
            batch.items.append(item)
            batch.items[0].placement = .stream
            hasWork = true
            try close()
            return
        }
        if bundleBytes + size > limits.most { try close() }
        let isComplete = bundleBytes + size >= limits.least && endsBundle(item.entry.path, size: size)
        batch.items.append(item)
        hasWork = true
        bundleBytes += size
        if lastDirectory !== file.directory {
            directories += 1
            lastDirectory = file.directory
        }
        if batch.items.count >= BatchAssembler.mostItems || directories >= BatchAssembler.mostDirectories || isComplete
        {
            try close()
        }
    }

    /// Hands on what is left.
    mutating func close() throws {
        guard !batch.items.isEmpty else { return }
        let full = batch
        let hadWork = hasWork
        batch = EntryBatch()
        bundleBytes = 0
        directories = 0
        lastDirectory = nil
        hasWork = false
        try emit(full, hadWork)
    }

    /// A bundle ends after a file with a probability of its size over the mean, decided by the hash of its path.
    private func endsBundle(_ path: [UInt8], size: UInt64) -> Bool {
        guard let hash = try? unsafe SHA256.hash(path.span.bytes) else { return false }
        let threshold = (UInt64.max / limits.mean).multipliedReportingOverflow(by: size)
        return threshold.overflow || hash.prefix64 < threshold.partialValue
    }
}
