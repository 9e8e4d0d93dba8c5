import Records

/// Counts how much of each bundle the unchanged files of a snapshot still use, and picks those to be laid anew.
///
/// Files are added in path order, in which those of a bundle lie close together; so only bundles met lately are kept in
/// memory, and one that has not been begun lately is judged by what was seen of it.
struct BundleCensus {
    /// Bytes that one run lays anew at most; what is beyond them waits for the next run.
    static let standardAllowance: UInt64 = 256 << 20
    /// Bundles to be laid anew at most, 32 bytes each.
    static let standardLimit = 1 << 16
    /// Bundles under way at most, some 100 bytes each.
    static let capacity = 1 << 16

    private struct Count {
        var used: UInt64
        var total: UInt64
    }

    private let allowance: UInt64
    private let limit: Int
    private let capacity: Int
    private var counts: [ChunkID: Count] = [:]
    /// The bundles under way in the order in which they were begun, as a ring.
    private var order: [ChunkID] = []
    private var oldest = 0
    private var thin: [ChunkID] = []
    private var thinByteCount: UInt64 = 0

    init(
        allowance: UInt64 = BundleCensus.standardAllowance,
        limit: Int = BundleCensus.standardLimit,
        capacity: Int = BundleCensus.capacity
    ) {
        self.allowance = allowance
        self.limit = limit
        self.capacity = capacity
    }

    /// Notes that a file uses `length` bytes of a bundle.
    ///
    /// - Parameter total: gives the bundle's length; asked once while the bundle is under way. `nil` leaves it alone.
    mutating func add(_ bundle: ChunkID, length: UInt64, total: () -> UInt64?) {
        if let index = counts.index(forKey: bundle) {
            counts.values[index].used += length
            return
        }
        guard let total = total() else { return }
        if order.count < capacity {
            order.append(bundle)
        } else {
            judge(order[oldest])
            order[oldest] = bundle
            oldest = (oldest + 1) % capacity
        }
        counts[bundle] = Count(used: length, total: total)
    }

    /// Ends the count.
    ///
    /// - Returns: the bundles of which less than half is used, within the allowance; each once.
    mutating func finish() -> [ChunkID] {
        for index in order.indices { judge(order[(oldest + index) % order.count]) }
        order = []
        oldest = 0
        return thin
    }

    private mutating func judge(_ bundle: ChunkID) {
        // Less than half: used < total / 2, without a fraction.
        guard let count = counts.removeValue(forKey: bundle), count.used < count.total - min(count.used, count.total),
            thinByteCount + count.used <= allowance, thin.count < limit
        else { return }
        thin.append(bundle)
        thinByteCount += count.used
    }
}
